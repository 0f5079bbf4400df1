// Catches the forms that visitors send on a dealer's pages, beside the page's own way. It never stops, changes or delays one.
(function (about) {
  'use strict'
  const intake = new URL(`/in/${about.key}`, document.currentScript.src)
  const GUESSES = [
    ['email', /e-?mail|почт/i],
    ['phone', /phone|tel(efoon|\.)?\b|^tel|mobi|gsm|телефон/i],
    ['name', /name\b|naam|^name|имя|фио/i],
    ['message', /message|bericht|vraag|question|comment|opmerking|toelichting|сообщен|вопрос/i],
  ]
  const KINDS = ['text', 'email', 'tel', 'textarea', 'select-one', 'number', 'date']
  // Of these not even the name is looked at twice.
  const PRIVATE = /pass|wachtwoord|пароль|card|kaart|cvc|cvv|iban|bsn|ssn|token|csrf|captcha|otp|pin\b/i
  const luhn = digits => [...digits].reverse().reduce((sum, d, n) => sum + (n % 2 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][d] : +d), 0) % 10 === 0
  const isCard = text => { const digits = text.replace(/[ -]/g, ''); return /^\d{13,19}$/.test(digits) && luhn(digits) }
  const labelOf = field => (field.labels?.[0]?.textContent || field.getAttribute('aria-label') || field.placeholder || field.name || '').trim().slice(0, 60)

  const isSeen = field => field.checkVisibility ? field.checkVisibility({ visibilityProperty: true }) : field.offsetParent !== null
  const partOf = field => {
    for (const [part, where] of Object.entries(about.fields)) try { if (field.matches(where)) return part } catch { /* no selector */ }
    if (field.type === 'email') return 'email'
    if (field.type === 'tel') return 'phone'
    if (field.type === 'textarea') return 'message'
    const said = `${field.name} ${field.id} ${field.autocomplete} ${labelOf(field)}`
    return GUESSES.find(([, looks]) => looks.test(said))?.[0]
  }
  const read = form => {
    const found = new URLSearchParams()
    for (const field of [...form.elements].slice(0, 60)) {
      const value = KINDS.includes(field.type) ? field.value.trim().slice(0, 2000) : ''
      const called = `${field.name} ${field.id} ${field.autocomplete} ${labelOf(field)}`
      if (!value || PRIVATE.test(called) || /\bcc-/.test(called) || isCard(value) || field.closest('[data-leadbell-ignore]') || !isSeen(field)) continue
      const part = partOf(field)
      if (part === 'name' && found.has('name')) found.set('name', `${found.get('name')} ${value}`)
      else found.append(part || labelOf(field) || field.name || 'field', value)
    }
    return found
  }
  document.addEventListener('submit', event => {
    try {
      const form = event.target
      if (!(form instanceof HTMLFormElement) || form.querySelector('[type=password]') || form.closest('[data-leadbell-ignore]')) return
      if (about.selector && !form.matches(about.selector)) return
      // What posts to us already is not told twice.
      if (new URL(form.getAttribute('action') || '', location.href).origin === intake.origin) return
      const found = read(form)
      if (!found.has('email') && !found.has('phone')) return
      try { window.leadbell('visitor', id => { if (id) found.set('leadbell_visitor', id) }) } catch { /* nobody is recognised */ }
      navigator.sendBeacon(intake, found)
    } catch { /* the page's own way goes on whatever happens here */ }
  }, true)
})
