// Pages refresh themselves while somebody types: what was typed, opened and focused stays.
let kept

const changed = field =>
  field.type === 'checkbox' || field.type === 'radio' ? field.checked !== field.defaultChecked
    : field.options ? [...field.options].some(option => option.selected !== option.defaultSelected)
    : field.value !== field.defaultValue

// How to find the same button or field again in the new content.
const same = one => {
  if (one.id) return `#${CSS.escape(one.id)}`
  const form = one.closest('form[action]')
  if (!form) return one.matches('[data-focus]') ? '[data-focus]' : undefined
  const value = one.name ? `[name="${CSS.escape(one.name)}"]${one.value ? `[value="${CSS.escape(one.value)}"]` : ''}` : ''
  return `form[action="${CSS.escape(form.getAttribute('action'))}"] ${one.localName}${value}`
}

// What a form said when it was sent: whoever types on before the answer is here has begun the next.
const asSent = new WeakMap()
document.addEventListener('htmx:beforeSend', ({ detail: { requestConfig: { verb, elt } } }) => {
  if (verb !== 'get') asSent.set(elt, new Map([...elt.querySelectorAll('input[id], textarea[id]')].map(one => [one.id, one.value])))
})

document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  const { target, requestConfig: { verb, elt } } = detail
  if (!target || target.id === 'toasts') return
  // What was sent is done with: its form comes back empty and closed.
  const sent = verb === 'get' ? undefined : elt
  const stays = one => !sent || !(one.contains(sent) || sent.contains(one))
  const typedOn = one => asSent.get(sent)?.has(one.id) && asSent.get(sent).get(one.id) !== one.value
  const focused = target.contains(document.activeElement) ? document.activeElement : undefined
  kept = {
    open: [...target.querySelectorAll('details[id][open]')].filter(stays).map(one => one.id),
    fields: [...target.querySelectorAll('input[id], textarea[id], select[id]')].filter(field => changed(field) && (stays(field) || typedOn(field)))
      .map(field => ({ id: field.id, value: field.value, checked: field.checked })),
    focus: focused && { one: focused, where: same(focused), start: focused.selectionStart, end: focused.selectionEnd,
      // The page may refresh itself before the answer to what was sent is here.
      sent: Boolean(sent?.contains(focused) || focused.closest('.htmx-request')) },
    target: target.id,
  }
})

document.addEventListener('htmx:afterSwap', () => {
  if (!kept) return
  const { open, fields, focus, target } = kept
  kept = undefined
  for (const id of open) document.getElementById(id)?.setAttribute('open', '')
  for (const { id, value, checked } of fields) {
    const field = document.getElementById(id)
    if (!field) continue
    if (field.type === 'checkbox' || field.type === 'radio') field.checked = checked
    else field.value = value
  }
  const part = document.getElementById(target)
  if (focus && part) {
    // What outlives a refresh, such as a recording's player, is still there itself.
    const again = part.contains(focus.one) ? focus.one : focus.where && part.querySelector(focus.where)
    // After a step is done, the next one; else the part itself, so that the keyboard stays here.
    const next = again ?? (focus.sent ? part.querySelector('[data-focus]') : null) ?? part
    next.focus({ preventScroll: next === again || next === part })
    if (again && focus.start != null && again.setSelectionRange) {
      try { again.setSelectionRange(focus.start, focus.end) } catch { /* a date has no selection */ }
    }
  }
  dial()
})

// On a phone "Accept and call" opens the dialler, once per attempt and only after a tap that calls.
const CALLS_WITHIN_MS = 10000
const dialled = new Set()
let tapped
document.addEventListener('submit', ({ target }) => {
  if (target.matches('[data-calls]')) tapped = { lead: target.dataset.calls, until: Date.now() + CALLS_WITHIN_MS }
}, { capture: true })
function dial() {
  if (!tapped || Date.now() > tapped.until || !matchMedia('(pointer: coarse)').matches) return
  const link = document.querySelector(`a[data-dial^="${tapped.lead}:"]`)
  if (!link || dialled.has(link.dataset.dial)) return
  dialled.add(link.dataset.dial)
  tapped = undefined
  link.click()
}

// A menu closes when somebody looks elsewhere.
const close = event => {
  for (const menu of document.querySelectorAll('details[data-menu][open]')) {
    if (event.type === 'keydown' ? event.key === 'Escape' : !menu.contains(event.target)) {
      menu.removeAttribute('open')
      if (event.type === 'keydown') menu.querySelector('summary').focus()
    }
  }
}
document.addEventListener('click', close)
document.addEventListener('keydown', close)

// A time picked by hand chooses "another time"; a filter is sent when it changes.
document.addEventListener('input', ({ target }) => {
  const other = target.dataset?.chooses && document.getElementById(target.dataset.chooses)
  if (other) other.checked = true
})
document.addEventListener('change', ({ target }) => {
  if (target.closest('form[data-sends]')) target.form.requestSubmit()
})
