// Marking a conversation by keyboard. Without this script the same form is filled in by hand.
const CYCLE = ['yes', 'no', '']
const STEP_S = 5

const typing = one => one.closest?.('textarea, select, input:not([type=radio]):not([type=checkbox]), [contenteditable]')
const page = () => document.querySelector('[data-review]')
const player = () => page()?.querySelector('[data-player].on')
const tell = (name, detail) => player()?.dispatchEvent(new CustomEvent(`player:${name}`, { detail }))

const where = () => {
  let at = 0
  tell('where', told => { at = told })
  return at
}
const clock = s => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, '0')}`

// The focus stays where it is: the arrow keys of a focused choice are its own.
const choose = field => {
  field.checked = true
  field.scrollIntoView({ block: 'nearest' })
}

// Yes, no, can't be heard, and round again.
const cycle = key => {
  const fields = [...page().querySelectorAll(`[data-cycle="${CSS.escape(key)}"]`)]
  if (!fields.length) return false
  const now = fields.find(field => field.checked)?.value ?? ''
  const next = CYCLE[(CYCLE.indexOf(now) + 1) % CYCLE.length]
  choose(fields.find(field => field.value === next))
  return true
}

const comment = () => {
  const at = document.getElementById('moment-at')
  if (!at) return false
  at.value = clock(where())
  document.getElementById('moment-text').focus()
  return true
}

const press = key => {
  if (key === ' ') return tell('toggle') ?? false
  if (key === 'ArrowLeft') return tell('seek', { by: -STEP_S }) ?? false
  if (key === 'ArrowRight') return tell('seek', { by: STEP_S }) ?? false
  if (key === 'c') return comment()
  if (key === 'j') {
    const next = page().querySelector('[data-next]')
    next?.click()
    return Boolean(next)
  }
  const mark = page().querySelector(`[data-key="${CSS.escape(key)}"]`)
  if (mark) choose(mark)
  return Boolean(mark) || cycle(key)
}

document.addEventListener('keydown', event => {
  if (!page() || event.altKey || event.metaKey) return
  if (event.ctrlKey) {
    if (event.key === 'Enter') page().querySelector('[data-marks]')?.requestSubmit()
    return
  }
  if (event.defaultPrevented || typing(event.target)) return
  // Whatever has the focus keeps its own keys.
  const own = { ' ': 'button, a, summary, input', ArrowLeft: 'input', ArrowRight: 'input' }[event.key]
  if (own && event.target.closest?.(own)) return
  if (press(event.key.length === 1 ? event.key.toLowerCase() : event.key)) event.preventDefault()
})

document.addEventListener('click', ({ target }) => {
  const to = target.closest?.('[data-seek]')
  if (to) tell('seek', { to: Number(to.dataset.seek) })
  const field = document.getElementById(target.closest?.('[data-choose]')?.dataset.choose)
  if (field) choose(field)
})

// The address may name a sentence, which comes with the transcript.
let sought = location.hash
document.addEventListener('htmx:afterSettle', () => {
  const sentence = sought.startsWith('#said-') && document.getElementById(sought.slice(1))
  if (!sentence) return
  sought = ''
  sentence.scrollIntoView({ block: 'center' })
  sentence.classList.add('sought')
  tell('seek', { to: Number(sentence.querySelector('[data-seek]').dataset.seek) })
})

// A comment belongs to where it was begun.
document.addEventListener('focusin', ({ target }) => {
  if (target.id === 'moment-text' && !target.value) document.getElementById('moment-at').value = clock(where())
})
