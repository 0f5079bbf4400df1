// The chat on a dealer's pages. Nothing is stored on the device before the visitor sends something.
(function (site) {
  'use strict'
  const door = new URL('/chat/', document.currentScript.src).href
  const KEY = 'leadbell-chat'
  const RETRY_MS = 3000
  const STYLE = `
:host { all: initial; position: fixed; inset: auto 1rem 1rem auto; z-index: 2147483000; color-scheme: light dark;
  font: 16px/1.45 system-ui, sans-serif; --ink: #1a2233; --paper: #fff; --soft: #eef1f6; --line: #c5ccd8; --quiet: #4d5870; --main: #0b5cad; --on: #fff; }
@media (prefers-color-scheme: dark) { :host { --ink: #eef1f6; --paper: #1b2230; --soft: #2a3344; --line: #4a556b; --quiet: #b7c0d1; --main: #7db8f5; --on: #10151f; } }
* { box-sizing: border-box; font: inherit; }
button { min-height: 44px; padding: .5rem 1rem; border: 1px solid transparent; border-radius: 8px; background: var(--main); color: var(--on); font-weight: 600; cursor: pointer; }
button.plain { background: transparent; color: var(--quiet); border-color: var(--line); font-weight: 400; }
button.open { border-radius: 999px; padding-inline: 1.5rem; box-shadow: 0 2px 12px rgb(0 0 0 / .3); }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
[hidden] { display: none !important; }
section { width: min(23rem, calc(100vw - 2rem)); max-height: min(36rem, calc(100vh - 2rem)); display: flex; flex-direction: column; color: var(--ink); background: var(--paper); border: 1px solid var(--line); border-radius: 12px; box-shadow: 0 6px 28px rgb(0 0 0 / .3); overflow: hidden; }
header { display: flex; align-items: center; gap: .5rem; padding: .5rem .5rem .5rem 1rem; border-bottom: 1px solid var(--line); }
h2 { margin: 0; flex: 1; font-size: 1rem; font-weight: 650; }
header button { min-width: 44px; }
.log { flex: 1; min-height: 4rem; overflow: auto; padding: .75rem 1rem; display: flex; flex-direction: column; gap: .5rem; }
.log p, .said { margin: 0; }
.log p { max-width: 88%; padding: .5rem .75rem; border-radius: 10px; background: var(--soft); overflow-wrap: anywhere; white-space: pre-wrap; }
.log p.customer { align-self: flex-end; }
.log p.automation { border: 1px dashed var(--line); background: transparent; }
.log b { display: block; font-size: .8125rem; font-weight: 600; color: var(--quiet); }
.said { padding: .5rem 1rem; color: var(--quiet); font-size: .875rem; }
form { padding: .75rem 1rem; border-top: 1px solid var(--line); display: grid; gap: .5rem; }
label { display: grid; gap: .25rem; font-size: .875rem; color: var(--quiet); }
input, textarea { width: 100%; min-height: 44px; padding: .5rem .625rem; color: var(--ink); background: var(--paper); border: 1px solid var(--quiet); border-radius: 8px; font-size: 16px; resize: vertical; }
footer { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0 1rem .75rem; }
footer button { min-height: 36px; padding: .25rem .75rem; font-size: .875rem; }`

  const language = (document.documentElement.lang || navigator.language || 'en').slice(0, 2).toLowerCase()
  const make = (name, about = {}, ...inside) => {
    const one = Object.assign(document.createElement(name), about)
    one.append(...inside)
    return one
  }
  const random = bytes => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), x => x.toString(16).padStart(2, '0')).join('')
  const remembered = value => {
    try {
      if (value === null) sessionStorage.removeItem(KEY)
      else if (value) sessionStorage.setItem(KEY, value)
      return sessionStorage.getItem(KEY)
    } catch { return value || null }
  }
  const ask = async (what, about = {}) => {
    const answer = await fetch(door + what, { method: 'POST', body: JSON.stringify({ site, language, token, ...about }), credentials: 'omit', referrerPolicy: 'no-referrer' })
    return { status: answer.status, said: await answer.json().catch(() => ({})) }
  }
  const wait = ms => new Promise(done => setTimeout(done, ms))
  const tell = what => { try { window.leadbell('chat', what) } catch { /* the page took it away */ } }
  const browser = () => {
    let id = ''
    try { window.leadbell('visitor', x => { id = x || '' }) } catch { /* nobody is recognised */ }
    return id
  }

  let token = remembered() || '', says, presence, newest = 0, known = '', run = 0
  const waiting = []
  let sending = false

  const host = make('div', { id: 'leadbell-chat' })
  const root = host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  root.adoptedStyleSheets = [sheet]

  const open = make('button', { className: 'open', type: 'button', textContent: language === 'ru' ? 'Чат' : 'Chat' })
  open.setAttribute('aria-expanded', 'false')
  const title = make('h2', { id: 'title' })
  const close = make('button', { className: 'plain', type: 'button', textContent: '×' })
  const log = make('div', { className: 'log', tabIndex: 0 })
  log.setAttribute('role', 'log')
  const status = make('p', { className: 'said' })
  status.setAttribute('role', 'status')
  const field = (name, type, most, autocomplete) => {
    const text = make('span')
    const input = make(name === 'question' ? 'textarea' : 'input', { name, maxLength: most })
    if (name === 'question') input.rows = 2
    else Object.assign(input, { type, autocomplete })
    return { label: make('label', {}, text, input), text, input }
  }
  const question = field('question', '', 2000)
  const name = field('name', 'text', 120, 'name'), phone = field('phone', 'tel', 60, 'tel'), email = field('email', 'email', 200, 'email')
  const either = make('p', { className: 'said' })
  const send = make('button')
  const leave = make('button')
  const writing = make('form', { noValidate: true }, question.label, send)
  const contact = make('form', { noValidate: true, hidden: true }, name.label, phone.label, email.label, either, leave)
  const again = make('button', { className: 'plain', type: 'button', hidden: true })
  const end = make('button', { className: 'plain', type: 'button', hidden: true })
  const erase = make('button', { className: 'plain', type: 'button', hidden: true })
  const shown = make('section', { hidden: true }, make('header', {}, title, close), status, log, writing, contact, make('footer', {}, again, end, erase))
  shown.setAttribute('role', 'dialog')
  shown.setAttribute('aria-labelledby', 'title')
  root.append(open, shown)

  const say = text => { if (status.textContent !== text) status.textContent = text || '' }
  const speak = () => {
    title.textContent = says.title
    close.setAttribute('aria-label', says.close)
    log.setAttribute('aria-label', says.title)
    question.text.textContent = says.question
    send.textContent = says.send
    for (const [one, text] of [[name, says.name], [phone, says.phone], [email, says.email]]) one.text.textContent = text
    either.textContent = says.either
    leave.textContent = says.leave
    again.textContent = says.again
    end.textContent = says.end
    erase.textContent = says.erase
  }
  const lines = new Set()
  const show = ({ id, who, text, name: called }) => {
    if (lines.has(id)) return
    lines.add(id)
    const by = { customer: says.you, automation: says.system }[who] || called
    log.append(make('p', { className: who }, make('b', { textContent: by }), text))
    log.scrollTop = log.scrollHeight
  }

  const state = news => {
    newest = news.lines.reduce((most, line) => Math.max(most, line.id), newest)
    news.lines.forEach(show)
    known = news.known
    const away = presence !== 'here'
    writing.hidden = Boolean(news.ended)
    contact.hidden = Boolean(news.ended) && !news.unanswered || news.contact || news.answered || !(news.unanswered || away)
    again.hidden = !news.ended
    end.hidden = Boolean(news.ended)
    erase.hidden = false
    if (news.contact && !news.answered) say(says.kept)
    else if (news.ended) say(says.over)
    else if (news.answered) say('')
    else if (news.unanswered) say(says.unanswered)
    else say(away ? says[presence] : says.waiting)
    return news.ended
  }

  const hear = async () => {
    const mine = ++run
    while (mine === run && token) {
      try {
        const { status: code, said } = await ask('hear', { after: newest, known })
        if (mine !== run) return
        if (code === 404) return forget()
        if (code === 200) {
          if (state(said)) return
        } else await wait(RETRY_MS)
      } catch { await wait(RETRY_MS) }
    }
  }
  const forget = () => {
    run++
    token = ''
    remembered(null)
    newest = 0
    known = ''
    waiting.length = 0
    lines.clear()
    log.textContent = ''
    writing.hidden = false
    contact.hidden = presence === 'here'
    again.hidden = end.hidden = erase.hidden = true
    say(says[presence])
  }

  // What was written waits here until it is kept; sent twice it is one line, by its key.
  const deliver = async () => {
    if (sending) return
    sending = true
    while (waiting.length) {
      const one = waiting[0]
      let code
      try { code = (await ask(one.what, one.about)).status } catch { code = 0 }
      // Forgotten meanwhile: the answer belongs to a chat that isn't ours any more.
      if (waiting[0] !== one) continue
      if (code === 200) {
        waiting.shift()
        if (one.what === 'begin') {
          tell('sent')
          hear()
        }
      } else if (code === 429) {
        say(says.too_fast)
        await wait(RETRY_MS)
      } else if (code === 0 || code === 503) {
        say(says.failed)
        await wait(RETRY_MS)
      } else {
        // What was refused goes back to where it was written; a chat that didn't begin has no key.
        const unkept = waiting.splice(0).map(({ about }) => about.text).filter(Boolean)
        if (code === 404 || one.what === 'begin') forget()
        question.input.value ||= unkept.join('\n')
        say(code === 409 ? says.over : says.refused)
      }
    }
    sending = false
  }

  writing.addEventListener('submit', event => {
    event.preventDefault()
    const text = question.input.value.trim()
    if (!text) return
    question.input.value = ''
    const about = { key: random(16), text }
    if (token) waiting.push({ what: 'say', about })
    else {
      token = remembered(random(32))
      waiting.push({ what: 'begin', about: { ...about, visitor: browser(), page: location.pathname, title: document.title.slice(0, 200) } })
      say(says.waiting)
    }
    deliver()
    question.input.focus()
  })
  question.input.addEventListener('keydown', event => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault()
      writing.requestSubmit()
    }
  })
  contact.addEventListener('submit', event => {
    event.preventDefault()
    if (question.input.value.trim()) writing.requestSubmit()
    const about = { name: name.input.value, phone: phone.input.value, email: email.input.value }
    if (!token) return question.input.focus()
    if (about.phone.replace(/\D/g, '').length < 6 && !about.email.includes('@')) {
      either.setAttribute('role', 'alert')
      return phone.input.focus()
    }
    waiting.push({ what: 'contact', about })
    deliver()
  })
  end.addEventListener('click', () => { ask('end').catch(() => 0) })
  again.addEventListener('click', () => { forget(); question.input.focus() })
  erase.addEventListener('click', async () => {
    try {
      const { status: code } = await ask('erase')
      if (code !== 200) return say(says.failed)
    } catch { return say(says.failed) }
    forget()
    say(says.erased)
  })

  const look = async focus => {
    open.hidden = true
    open.setAttribute('aria-expanded', 'true')
    if (!says) {
      try {
        const { status: code, said } = await ask('here')
        if (code !== 200) throw code
        says = said.says
        presence = said.state
        root.host.lang = said.language
      } catch {
        open.hidden = false
        return
      }
      speak()
      contact.hidden = presence === 'here'
      say(says[presence] + (token ? '' : ' ' + says.private))
    }
    shown.hidden = false
    if (focus) question.input.focus()
    if (token) hear()
  }
  const shut = () => {
    shown.hidden = true
    open.hidden = false
    open.setAttribute('aria-expanded', 'false')
    open.focus()
  }
  open.addEventListener('click', () => { tell('opened'); look(true) })
  close.addEventListener('click', shut)
  shown.addEventListener('keydown', event => { if (event.key === 'Escape') shut() })

  document.body.append(host)
  if (token) look(false)
})
