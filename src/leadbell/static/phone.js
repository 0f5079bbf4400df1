// The phone in the browser: an extension at the exchange for as long as this window is open.
import JsSIP from './vendor/jssip.min.js'
import { now } from './clocks.js'
import { lock } from './phone_window.js'

const part = document.getElementById('phone')
const heard = part.querySelector('[data-heard]')
const title = document.title
const { name } = part.dataset
//: What the server says with a code when it closes the line.
const REPLACED = 4001, NO_LONGER = 4003
const SOONEST_S = 1, LATEST_S = 5
//: An exchange on the same network needs no more candidates than are there by then.
const GATHERED_MS = 300
const RING_HZ = 425, RING_S = 1, PAUSE_S = 3, LOUD = 0.12
const CAUSES = { NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'missing', OverconstrainedError: 'missing', NotReadableError: 'busy' }

//: The call that talks in this window, kept over a page that is loaded again.
const TALK = `leadbell-talk-${name}`

let phone, call, ringing, spare, refused = 'denied', muted = false
let state = 'off'

function turn(to) {
  state = to
  part.dataset.state = to
  const focused = document.activeElement
  for (const one of part.querySelectorAll('[data-when]')) one.hidden = !one.dataset.when.split(' ').includes(to)
  document.title = to === 'rings' ? `☎ ${part.dataset.rings}` : title
  if (to === 'rings') part.querySelector('[data-do="pick-up"]').focus()
  else if (to === 'talks') part.querySelector('[data-key="1"]').focus()
  else if (focused?.hidden) part.querySelector('.phone-keys button:not([hidden])')?.focus()
}

function note(what, on) {
  for (const one of part.querySelectorAll(`[data-note="${what}"]`)) one.hidden = !on
}

// The server's first word on the line says who we are; the password holds as long as the line does.
class Line {
  via_transport = 'WS'
  sip_uri = 'sip:leadbell.invalid;transport=ws'
  url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/phone/ws`

  connect() {
    if (this.socket) return
    const socket = this.socket = new WebSocket(this.url, 'sip')
    let known = false
    socket.onmessage = ({ data }) => {
      if (known) return this.ondata(data)
      known = true
      phone.set('password', JSON.parse(data).password)
      this.onconnect()
    }
    socket.onclose = ({ code, reason }) => {
      if (this.socket !== socket) return
      this.socket = undefined
      this.ondisconnect(true, code, reason)
      if (code === REPLACED) { phone.stop(); turn('replaced') }
      // Signed out, or another phone was chosen: the page knows which.
      else if (code === NO_LONGER) { phone.stop(); location.reload() }
      else if (!call) turn('cut')
    }
  }

  disconnect() {
    const { socket } = this
    this.socket = undefined
    socket?.close()
  }

  send(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false
    this.socket.send(message)
    return true
  }
}

function register() {
  turn('connecting')
  phone = new JsSIP.UA({
    sockets: [new Line()], uri: `sip:${name}@leadbell.invalid`, password: 'told on the line', register: true, session_timers: false,
    connection_recovery_min_interval: SOONEST_S, connection_recovery_max_interval: LATEST_S,
  })
  phone.on('registered', () => {
    if (call) return
    turn('ready')
    callBack()
  })
  phone.on('registrationFailed', () => call || turn('cut'))
  phone.on('newRTCSession', ({ originator, session }) => {
    if (originator !== 'remote') return
    if (call) session.terminate({ status_code: 486 })
    else rings(session)
  })
  phone.start()
}

function rings(session) {
  call = session
  note('ended', false)
  turn('rings')
  ring()
  session.on('peerconnection', ({ peerconnection }) => {
    peerconnection.addEventListener('track', ({ streams: [stream] }) => {
      heard.srcObject = stream
      heard.play().catch(() => {})
    })
    peerconnection.addEventListener('iceconnectionstatechange', () => note('broken', peerconnection.iceConnectionState === 'disconnected'))
  })
  session.on('icecandidate', ({ ready }) => setTimeout(ready, GATHERED_MS))
  session.on('getusermediafailed', ({ name }) => { refused = CAUSES[name] ?? 'denied' })
  session.on('accepted', () => {
    part.querySelector('[data-since]').dateTime = new Date(now()).toISOString()
    mute(false)
    note('cut', false)
    microphone().track.addEventListener('ended', unheard)
    turn('talks')
  })
  session.on('ended', over)
  session.on('failed', over)
}

function over({ cause }) {
  quiet()
  call = undefined
  heard.srcObject = null
  spare?.stop()
  spare = undefined
  sessionStorage.removeItem(TALK)
  for (const what of ['broken', 'unheard']) note(what, false)
  note('ended', cause === JsSIP.C.causes.RTP_TIMEOUT)
  // Without a microphone here calls ring on the person's other phone.
  if (cause === JsSIP.C.causes.USER_DENIED_MEDIA_ACCESS) { phone.stop(); turn(refused) }
  else turn(phone.isRegistered() ? 'ready' : 'cut')
}

const microphone = () => call.connection.getSenders().find(({ track }) => track?.kind === 'audio')
const unheard = () => note('unheard', call !== undefined)

// A microphone that was plugged in again, or another one, takes the place of the one that has gone.
async function anotherMicrophone() {
  if (state !== 'talks' || microphone().track.readyState !== 'ended') return
  const voice = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => undefined)
  const [track] = voice?.getAudioTracks() ?? []
  if (!track) return
  if (!call) return track.stop()
  track.enabled = !muted
  track.addEventListener('ended', unheard)
  await microphone().replaceTrack(track)
  spare = track
  note('unheard', false)
}

// A page that is loaded again ends its call: this phone rings once more, for the same customer.
function callBack() {
  const form = document.querySelector(`[data-call-back="${sessionStorage.getItem(TALK)}"]`)
  if (!form || state !== 'ready') return
  sessionStorage.removeItem(TALK)
  note('cut', true)
  form.requestSubmit()
}

function keepTalk() {
  const talk = document.getElementById('phone-calls')?.dataset.talk
  if (talk) sessionStorage.setItem(TALK, talk)
  else sessionStorage.removeItem(TALK)
}

function mute(on) {
  muted = on
  part.querySelector('[data-do="mute"]').setAttribute('aria-pressed', String(on))
  if (on) call.mute({ audio: true })
  else call.unmute({ audio: true })
}

// A ring that every phone has; browsers let it be heard after the first tap on this window.
const sound = window.AudioContext && new AudioContext()
function ring() {
  sound?.resume()
  const strike = () => {
    if (sound?.state !== 'running') return
    const tone = sound.createOscillator(), volume = sound.createGain()
    tone.frequency.value = RING_HZ
    volume.gain.value = LOUD
    tone.connect(volume).connect(sound.destination)
    tone.start()
    tone.stop(sound.currentTime + RING_S)
  }
  strike()
  ringing = setInterval(strike, (RING_S + PAUSE_S) * 1000)
}
const quiet = () => { clearInterval(ringing) }

// One window rings: whoever holds the lock. Others wait for it, and take over.
async function start() {
  if (!navigator.mediaDevices) return turn('insecure')
  try {
    const voice = await navigator.mediaDevices.getUserMedia({ audio: true })
    for (const track of voice.getTracks()) track.stop()
  } catch (error) {
    return turn(CAUSES[error.name] ?? 'denied')
  }
  if (phone) return phone.start(), turn('connecting')
  turn('elsewhere')
  navigator.locks.request(lock, () => { register(); return new Promise(() => {}) })
}

const acts = {
  start,
  'pick-up'() {
    quiet()
    turn('answering')
    call.answer({ mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } })
  },
  'hang-up': () => call.terminate(),
  mute: () => mute(!muted),
}
const press = key => call.sendDTMF(key, { transportType: 'INFO' })

part.addEventListener('click', ({ target }) => {
  const button = target.closest('button')
  if (button?.dataset.key) press(button.dataset.key)
  else if (button?.dataset.do) acts[button.dataset.do]()
})
document.addEventListener('keydown', event => {
  if (state !== 'talks' || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === '1' || event.key === '2') press(event.key)
  else if (event.key.toLowerCase() === 'm') mute(!muted)
})
// Links lead away in the window this one was opened from: a call ends with its page.
document.addEventListener('click', event => {
  const link = event.target.closest('a[href]')
  if (!link) return
  event.preventDefault()
  const desk = window.opener?.closed === false ? window.opener : undefined
  if (desk) { desk.location.assign(link.href); desk.focus() } else window.open(link.href, '_blank')
})
window.addEventListener('beforeunload', event => { if (state === 'talks') event.preventDefault() })
window.addEventListener('pagehide', () => {
  const talk = sessionStorage.getItem(TALK)
  phone?.stop()
  if (talk) sessionStorage.setItem(TALK, talk)
})
document.addEventListener('htmx:afterSettle', () => {
  if (call) keepTalk()
  else callBack()
})
navigator.mediaDevices?.addEventListener('devicechange', anotherMicrophone)

turn('off')
// Whoever has allowed it before needn't tap again.
const allowed = await navigator.permissions?.query({ name: 'microphone' }).catch(() => undefined)
if (!navigator.mediaDevices) turn('insecure')
else if (allowed?.state === 'granted') start()
