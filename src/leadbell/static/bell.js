// The bell: title, sound, notification and vibration follow what #bell says rings here.
import { now } from './clocks.js'

const said = document.getElementById('said')?.dataset ?? {}
const reader = document.querySelector('meta[name="reader"]')?.content
const title = document.title
const noticed = new Set()
//: A bell that nobody stopped is asked about this long after its time was over.
const GRACE_MS = 1500
let tick = 0
let asked

const fill = (text, values) => (text ?? '').replace(/%\((\w+)\)s/g, (_, key) => values[key])
const ringing = () => [...document.querySelectorAll('#bell [data-ringing]')].filter(line => Date.parse(line.dataset.until) > now())

// Sound, made here: two strikes of a bell. Browsers want one tap on the page before they let it be heard.
const Audio = window.AudioContext ?? window.webkitAudioContext
const audio = reader && Audio ? new Audio() : undefined
const PARTIALS = [[1, 1, 1.1], [2.01, 0.5, 0.8], [2.99, 0.25, 0.5], [4.2, 0.12, 0.3]]
let mine = false

const strike = (pitch, at) => {
  const volume = audio.createGain()
  volume.gain.value = 0.22
  volume.connect(audio.destination)
  for (const [ratio, loudness, length] of PARTIALS) {
    const tone = audio.createOscillator()
    const fade = audio.createGain()
    tone.frequency.value = pitch * ratio
    fade.gain.setValueAtTime(0, at)
    fade.gain.linearRampToValueAtTime(loudness, at + 0.008)
    fade.gain.exponentialRampToValueAtTime(0.0005, at + length)
    tone.connect(fade).connect(volume)
    tone.start(at)
    tone.stop(at + length)
  }
}
// A customer who is back: one soft note, once for each, unless somebody switched it off in the menu.
const SOFT = 'leadbell-seen-sound'
const soft = () => { try { return localStorage.getItem(SOFT) !== 'off' } catch { return true } }
const heard = new Set()
const note = () => {
  for (const line of document.querySelectorAll('#bell [data-seen]')) {
    if (Date.parse(line.dataset.until) < now()) line.remove()
    else if (!heard.has(line.dataset.seen)) {
      heard.add(line.dataset.seen)
      if (mine && audio?.state === 'running' && soft()) strike(523, audio.currentTime + 0.02)
    }
  }
}
const chime = () => {
  strike(784, audio.currentTime + 0.02)
  strike(1046.5, audio.currentTime + 0.22)
}

// Of several tabs one sounds: whoever holds the lock. It is asked for once the browser lets this tab be heard.
const canSound = () => {
  if (audio?.state !== 'running' || canSound.asked) return
  canSound.asked = true
  if (navigator.locks) navigator.locks.request(`leadbell-sound-${reader}`, () => { mine = true; offer(); return new Promise(() => {}) })
  else mine = true
  offer()
}
const soundsElsewhere = async () => {
  const locks = await navigator.locks?.query()
  return Boolean(locks?.held?.some(lock => lock.name === `leadbell-sound-${reader}`))
}
async function offer() {
  const sound = document.querySelector('[data-sound]')
  if (sound && audio) sound.hidden = audio.state === 'running' || (await soundsElsewhere())
  const notify = document.querySelector('[data-notify]')
  if (notify) notify.hidden = !('Notification' in window) || Notification.permission !== 'default'
}
const unlock = () => audio?.state === 'suspended' && audio.resume().then(canSound)
if (audio) {
  audio.addEventListener('statechange', () => { canSound(); offer() })
  document.addEventListener('pointerdown', unlock, { capture: true })
  document.addEventListener('keydown', unlock, { capture: true })
  canSound()
  offer()
  setInterval(offer, 5000)
}
const showSoft = () => {
  const button = document.querySelector('[data-seen-sound]')
  button?.setAttribute('aria-pressed', String(soft()))
  if (button) button.hidden = !audio
}
showSoft()
document.addEventListener('click', async ({ target }) => {
  if (target.closest('[data-seen-sound]')) {
    try { localStorage.setItem(SOFT, soft() ? 'off' : 'on') } catch { /* no storage: it stays on */ }
    showSoft()
  }
  if (target.closest('[data-sound]')) { await audio.resume(); canSound(); chime() }
  if (target.closest('[data-notify]')) { await Notification.requestPermission(); offer() }
})

// On phones a page may show notices only through its worker.
const worker = reader && 'serviceWorker' in navigator ? navigator.serviceWorker.register('/static/worker.js').catch(() => undefined) : undefined

async function notice(line) {
  const { ringing: lead, name, car } = line.dataset
  if (noticed.has(lead) || !document.hidden || window.Notification?.permission !== 'granted') return
  noticed.add(lead)
  const about = { body: car, tag: `lead-${lead}`, icon: '/static/bell.svg', requireInteraction: true, data: '/desk/' }
  const registration = await worker
  const text = fill(said.newLead, { name })
  if (registration) registration.showNotification(text, about)
  else new Notification(text, about).addEventListener('click', () => { window.focus(); location.assign('/desk/') })
}
async function unnotice() {
  if (!noticed.size) return
  noticed.clear()
  const registration = await worker
  for (const shown of (await registration?.getNotifications()) ?? []) shown.close()
}

setInterval(() => {
  note()
  const lines = ringing()
  tick += 1
  if (!lines.length) {
    if (document.title !== title) document.title = title
    unnotice()
    const over = document.querySelector('#bell [data-ringing]')
    if (over && asked !== over.dataset.until && now() > Date.parse(over.dataset.until) + GRACE_MS) {
      asked = over.dataset.until
      window.htmx?.trigger(document.body, 'resync')
    }
    return
  }
  document.title = tick % 2 ? fill(said.ringing, { name: lines[0].dataset.name }) : title
  for (const line of lines) notice(line)
  if (tick % 2 && mine && audio.state === 'running') chime()
  if (tick % 2 && navigator.userActivation?.hasBeenActive) navigator.vibrate?.([300, 150, 300])
}, 1000)
