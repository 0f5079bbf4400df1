// A recorded call: without this script an ordinary <audio controls>, with it two voices to seek in.
// The slider runs on the clock of the conversation; the sound lacks what wasn't recorded.
const STEP_S = 5, LEAP_S = 30, BEHIND_S = 0.01

const clock = s => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`
const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name])

class Player {
  constructor(part) {
    this.part = part
    this.length = Number(part.dataset.length)
    this.gaps = JSON.parse(part.dataset.gaps).map(gap => gap.map(ms => ms / 1000))
    this.audio = part.querySelector('[data-audio]')
    this.tracks = part.querySelector('[data-tracks]')
    this.button = part.querySelector('[data-play]')
    this.shown = part.querySelector('[data-now]')
    this.audio.removeAttribute('controls')
    part.querySelector('[data-controls]').hidden = false
    part.classList.add('on')
    this.slider()
    this.listen()
    this.draw()
  }

  slider() {
    const { tracks } = this
    for (const [name, value] of Object.entries({
      role: 'slider', tabindex: 0, 'aria-label': this.part.dataset.position, 'aria-valuemin': 0, 'aria-valuemax': Math.round(this.length),
    })) tracks.setAttribute(name, value)
    tracks.addEventListener('pointerdown', event => {
      if (event.button) return
      tracks.setPointerCapture(event.pointerId)
      this.seek(this.under(event))
    })
    tracks.addEventListener('pointermove', event => {
      if (tracks.hasPointerCapture(event.pointerId)) this.seek(this.under(event))
    })
    tracks.addEventListener('keydown', event => {
      const to = {
        ArrowRight: () => this.at + STEP_S, ArrowUp: () => this.at + STEP_S, ArrowLeft: () => this.at - STEP_S, ArrowDown: () => this.at - STEP_S,
        PageUp: () => this.at + LEAP_S, PageDown: () => this.at - LEAP_S, Home: () => 0, End: () => this.length,
      }[event.key]
      if (event.ctrlKey || event.metaKey || event.altKey) return
      if (to) this.seek(to(), event.key === 'ArrowLeft' || event.key === 'ArrowDown' || event.key === 'PageDown')
      else if (event.key === ' ' || event.key === 'Enter') this.toggle()
      else return
      event.preventDefault()
    })
  }

  listen() {
    const { audio, part } = this
    this.button.addEventListener('click', () => this.toggle())
    part.addEventListener('player:toggle', () => this.toggle())
    part.addEventListener('player:seek', ({ detail }) => this.seek(detail.to ?? this.at + detail.by, detail.by < 0))
    part.addEventListener('player:where', ({ detail }) => detail(this.at))
    part.querySelector('[data-speed]').addEventListener('change', ({ target }) => {
      audio.defaultPlaybackRate = audio.playbackRate = Number(target.value)
    })
    const state = () => {
      part.classList.toggle('plays', !audio.paused)
      this.button.setAttribute('aria-pressed', String(!audio.paused))
      if (!audio.paused) this.run()
    }
    for (const name of ['play', 'pause', 'ended']) audio.addEventListener(name, state)
    for (const name of ['timeupdate', 'seeking', 'seeked', 'ended']) audio.addEventListener(name, () => this.draw())
    for (const [name, waits] of Object.entries({ waiting: true, playing: false, pause: false, canplay: false })) {
      audio.addEventListener(name, () => part.classList.toggle('waits', waits))
    }
    audio.addEventListener('play', () => {
      part.querySelector('[data-failed]').hidden = true
      for (const other of document.querySelectorAll('[data-audio]')) if (other !== audio) other.pause()
    })
    audio.addEventListener('error', () => {
      part.classList.remove('plays', 'waits')
      part.querySelector('[data-failed]').hidden = false
    })
  }

  toggle() {
    if (!this.audio.paused) return this.audio.pause()
    if (this.audio.error) this.audio.load()
    this.audio.play().catch(() => {}) // The error is told by its own event.
  }

  // While it plays the line moves with every frame the screen shows.
  run() {
    this.draw()
    if (!this.audio.paused && this.part.isConnected) requestAnimationFrame(() => this.run())
  }

  get at() { return this.audio.ended ? this.length : this.talked(this.audio.currentTime) }

  // From the recording's clock to that of the conversation, and back; a gap leads to what is recorded next to it.
  talked(at) {
    for (const [start, end] of this.gaps) if (at > start || start === 0) at += end - start
    return Math.min(at, this.length)
  }

  recorded(at) {
    let before = 0
    for (const [start, end] of this.gaps) {
      if (at >= end) before += end - start
      else if (at > start) return start - before
    }
    return at - before
  }

  seek(to, backwards = false) {
    let at = Math.max(0, Math.min(this.length, to))
    // Over a gap in the direction of travel: an arrow key never sticks at its edge.
    const gap = this.gaps.find(([start, end]) => at > start && at < end)
    if (gap) at = backwards ? gap[0] : gap[1] + BEHIND_S
    this.audio.currentTime = this.recorded(at)
    this.draw()
  }

  under({ clientX }) {
    const { left, width } = this.tracks.getBoundingClientRect()
    return (clientX - left) / width * this.length
  }

  draw() {
    const at = this.at
    this.part.style.setProperty('--at', this.length ? (at / this.length).toFixed(5) : 0)
    const said = clock(at)
    if (this.shown.textContent === said && this.tracks.hasAttribute('aria-valuenow')) return
    this.shown.textContent = said
    this.tracks.setAttribute('aria-valuenow', Math.round(at))
    this.tracks.setAttribute('aria-valuetext', fill(this.part.dataset.at, { at: said, length: clock(this.length) }))
  }
}

// A page that refreshes itself keeps the player that plays; a new one begins here.
const known = new WeakSet()
const begin = () => {
  for (const part of document.querySelectorAll('[data-player]')) {
    if (known.has(part)) continue
    known.add(part)
    new Player(part)
  }
}
begin()
document.addEventListener('htmx:afterSettle', begin)
