// What every htmx request carries, and what is said when one fails.
const toasts = document.getElementById('toasts')
const SHOWN_MS = 8000

document.addEventListener('htmx:configRequest', ({ detail }) => {
  if (detail.verb !== 'get') detail.headers['X-CSRFToken'] = document.querySelector('meta[name="csrf"]')?.content
})

// What was done here may have stopped the bell; where the stream is cut, nobody else says so.
document.addEventListener('htmx:afterRequest', ({ detail }) => {
  if (detail.successful && detail.requestConfig.verb !== 'get') window.htmx.trigger(document.body, 'acted')
})

// Nothing is replaced under a finger, or while what somebody did is on its way: the tap or its answer would be lost.
// What was held back is asked for again as soon as that is over.
const HELD_MS = 1500
let pressed, held = false, doing = 0
const free = () => {
  if (pressed || doing) return
  if (held) window.htmx.trigger(document.body, 'resync')
  held = false
}
const lift = () => {
  clearTimeout(pressed)
  // The click comes after the finger has gone.
  setTimeout(() => { pressed = undefined; free() })
}
document.addEventListener('pointerdown', () => {
  clearTimeout(pressed)
  pressed = setTimeout(lift, HELD_MS)
}, { capture: true })
for (const end of ['pointerup', 'pointercancel', 'dragend']) document.addEventListener(end, lift, { capture: true })
document.addEventListener('htmx:beforeSend', ({ detail }) => {
  if (detail.requestConfig.verb === 'get') return
  doing++
  detail.xhr.addEventListener('loadend', () => { doing--; setTimeout(free) })
})
document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (!(pressed || doing) || !detail.requestConfig.elt.getAttribute('hx-trigger')?.includes('resync')) return
  detail.shouldSwap = false
  held = true
})

const failed = ({ detail }) => {
  // A page that can't refresh itself says so by the line "Not live"; only what somebody did needs an answer.
  if (detail.requestConfig?.verb === 'get' && detail.requestConfig.triggeringEvent?.isTrusted !== true) return
  toasts.append(document.getElementById('went-wrong').content.cloneNode(true))
}
document.addEventListener('htmx:responseError', failed)
document.addEventListener('htmx:sendError', failed)
document.addEventListener('htmx:timeout', failed)

document.addEventListener('click', ({ target }) => target.closest('[data-away]')?.parentElement.remove())

const leave = line => setTimeout(() => (line.matches(':hover, :focus-within') ? leave(line) : line.remove()), SHOWN_MS)
new MutationObserver(changes => {
  for (const change of changes) for (const line of change.addedNodes) if (line.nodeType === 1) leave(line)
}).observe(toasts, { childList: true })
for (const line of toasts.children) leave(line)
