// The phone in the browser has a window of its own, so that a call outlives every page. Other pages offer to open it.
const NAME = 'leadbell-phone'
const reader = document.querySelector('meta[name="reader"]')?.content
export const lock = `leadbell-phone-${reader}`
const LOOK_MS = 3000

const offers = () => document.querySelectorAll('[data-phone-window]')
async function offer() {
  if (!offers().length || !navigator.locks) return
  const { held = [] } = await navigator.locks.query()
  const open = held.some(({ name }) => name === lock)
  for (const link of offers()) link.hidden = open
}
document.addEventListener('click', event => {
  const link = event.target.closest?.('[data-phone-window]')
  if (!link) return
  event.preventDefault()
  window.open(link.href, NAME, 'popup,width=420,height=700')?.focus()
})
if (!navigator.locks) for (const link of offers()) link.hidden = false
offer()
setInterval(offer, LOOK_MS)
document.addEventListener('htmx:afterSettle', offer)
