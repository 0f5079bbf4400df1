// A part of a page that lives (its trigger says `resync`) looks again after every nudge. htmx keeps a nudge that comes
// while the part is asking on the element, which the answer then takes out of the page, and the nudge with it. Here it
// is kept by the part's name: whatever came meanwhile is followed by one more look, which begins after it.
const AGAIN_MS = 5000
const asking = new Map()
const later = new Map()

const lives = elt => Boolean(elt?.id) && Boolean(elt.getAttribute('hx-trigger')?.includes('resync'))
const missed = id => asking.has(id) && asking.set(id, true)

function look(id) {
  clearTimeout(later.get(id))
  later.delete(id)
  const part = document.getElementById(id)
  if (lives(part)) window.htmx.ajax('get', part.getAttribute('hx-get'), { source: part })?.catch(() => {})
}

document.addEventListener('htmx:confirm', event => {
  const { elt, verb } = event.detail
  if (verb === 'get' && lives(elt) && missed(elt.id)) event.preventDefault()
})
// What a throttle swallows while the part is asking counts, too.
document.addEventListener('htmx:sseMessage', ({ target }) => { if (lives(target)) missed(target.id) })

document.addEventListener('htmx:beforeSend', ({ detail: { xhr, target, requestConfig: { elt: { id }, elt, verb } } }) => {
  if (verb !== 'get' || !lives(elt)) return
  asking.set(id, false)
  // What somebody did was answered first, and put another part in this one's place: this answer has nowhere to go.
  xhr.addEventListener('readystatechange', () => { if (xhr.readyState === XMLHttpRequest.DONE && !target.isConnected) missed(id) })
  xhr.addEventListener('loadend', () => {
    const again = asking.get(id)
    asking.delete(id)
    if (again) look(id)
    else if ((xhr.status === 0 || xhr.status >= 500) && !later.has(id)) later.set(id, setTimeout(look, AGAIN_MS, id))
  })
})
