// Records a video mail: camera, preview, once more; then uploads it piece by piece and goes on to the message.
const recorder = document.querySelector('[data-recorder]')
const find = (name) => recorder.querySelector(`[data-${name}]`)
const picture = recorder && find('picture')
// What plays everywhere comes first.
const KINDS = ['video/mp4;codecs=avc1.42E01E,mp4a.40.2', 'video/mp4', 'video/webm;codecs=vp8,opus', 'video/webm']
const BITS_PER_S = 1_500_000
const TRIES = 3

let camera, recording, parts, began, ticking, taken, takenMs, address

const say = (words) => {
  const said = find('said')
  said.hidden = !words
  said.textContent = words ?? ''
}
const inWords = (name) => recorder.querySelector(`[data-words="${name}"]`).content.textContent
const show = (...names) => {
  for (const name of ['camera', 'start', 'stop', 'redo', 'use']) find(name).hidden = !names.includes(name)
}
const clock = (ms) => {
  const s = Math.floor(ms / 1000)
  find('clock').textContent = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`
}

const switchOn = async () => {
  say()
  if (!window.isSecureContext) return say(inWords('insecure'))
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return say(inWords('old'))
  try {
    camera = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' } })
  } catch (error) {
    return say(inWords(error.name === 'NotAllowedError' ? 'denied' : 'none'))
  }
  live()
}

const live = () => {
  if (picture.src) URL.revokeObjectURL(picture.src)
  picture.removeAttribute('src')
  picture.srcObject = camera
  picture.muted = true
  picture.controls = false
  picture.play()
  taken = address = undefined
  clock(0)
  show('start')
  find('start').focus()
}

const start = () => {
  const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind))
  if (!mimeType) return say(inWords('old'))
  parts = []
  recording = new MediaRecorder(camera, { mimeType, videoBitsPerSecond: BITS_PER_S })
  recording.addEventListener('dataavailable', ({ data }) => { if (data.size) parts.push(data) })
  recording.addEventListener('stop', preview)
  recording.addEventListener('start', () => { began = performance.now() })
  recording.start(1000)
  began = performance.now()
  find('clock').parentElement.classList.add('is-on')
  ticking = setInterval(() => {
    const ms = performance.now() - began
    clock(ms)
    if (ms >= Number(recorder.dataset.longest) * 1000) stop()
  }, 200)
  show('stop')
  find('stop').focus()
}

const stop = () => {
  if (recording?.state !== 'recording') return
  takenMs = Math.round(Math.min(performance.now() - began, Number(recorder.dataset.longest) * 1000))
  recording.stop()
}

const preview = () => {
  clearInterval(ticking)
  find('clock').parentElement.classList.remove('is-on')
  taken = new Blob(parts, { type: recording.mimeType })
  picture.srcObject = null
  picture.src = URL.createObjectURL(taken)
  picture.muted = false
  picture.controls = true
  show('redo', 'use')
  find('use').focus()
}

const post = async (url, body) => {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await fetch(url, { method: 'POST', body, headers: { 'X-CSRFToken': document.querySelector('meta[name="csrf"]').content } })
      if (answer.ok) return answer
      if (answer.status < 500 || tries === TRIES) throw new Error(answer.status === 409 || answer.status === 503 ? await answer.text() : inWords('lost'), { cause: 'said' })
    } catch (error) {
      if (error.cause === 'said') throw error
      if (tries === TRIES) throw new Error(inWords('lost'))
    }
  }
}

const use = async () => {
  say()
  show()
  const size = Number(recorder.dataset.piece)
  const count = Math.ceil(taken.size / size)
  find('progress').hidden = false
  find('progress').value = 0
  try {
    address ??= `${recorder.dataset.begin}${(await (await post(recorder.dataset.begin)).json()).video}/`
    for (let nth = 0; nth < count; nth++) {
      await post(`${address}${nth}/`, taken.slice(nth * size, (nth + 1) * size))
      find('progress').value = 100 * (nth + 1) / count
    }
    const all = await (await post(`${address}finish/`, new URLSearchParams({ pieces: count, ms: takenMs }))).json()
    for (const track of camera.getTracks()) track.stop()
    location.assign(all.then)
  } catch (error) {
    // Begun anew, since some pieces may have arrived and others not.
    address = undefined
    find('progress').hidden = true
    say(error.message)
    show('redo', 'use')
  }
}

if (recorder) {
  find('camera').addEventListener('click', switchOn)
  find('start').addEventListener('click', start)
  find('stop').addEventListener('click', stop)
  find('redo').addEventListener('click', live)
  find('use').addEventListener('click', use)
}
