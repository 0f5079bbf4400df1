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
