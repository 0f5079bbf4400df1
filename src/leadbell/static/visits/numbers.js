// Shows a visitor who agreed a phone number of their own in place of the website's, and puts that back when they don't.
(function (about) {
  'use strict'
  const door = new URL('/v/number', document.currentScript.src).href
  const LEFT_ALONE = 'script,style,noscript,textarea,[contenteditable=""],[contenteditable=true],[data-leadbell-ignore]'
  const BETWEEN = '[\\s\\u00a0().\\/\\u2010-\\u2015-]*'
  const spread = digits => [...digits].join(BETWEEN)
  const trunk = about.trunk ? `(?:\\(?${spread(about.trunk)}\\)?${BETWEEN})` : ''
  const abroad = `(?:\\+|00)${BETWEEN}${spread(about.country)}${BETWEEN}${trunk && trunk + '?'}`
  const NUMBER = new RegExp(`(^|[^\\d+])(\\(?(?:(${abroad})|${trunk}\\(?)${spread(about.digits)})(?!\\d)`, 'g')
  const ANY_NUMBER = /\+?\(?\d[\d\s\u00a0()./\u2010-\u2015-]{5,}\d/g
  const TRIES = 5

  let visitor = '', shown = null, until = 0, next = 0, asking = false, again = false, tries = 0, did = true
  let undo = []

  const who = () => {
    let id = ''
    try { window.leadbell('visitor', x => { id = x || '' }) } catch { /* nobody is recognised */ }
    return id
  }
  const ask = async (id, gone) => {
    try {
      const answer = await fetch(door, {
        method: 'POST', credentials: 'omit', keepalive: gone, body: JSON.stringify({ site: about.site, visitor: id, gone }),
      })
      return answer.ok && !gone ? await answer.json() : null
    } catch { return null }
  }

  const ours = text => text.replace(NUMBER, (whole, before, found, isAbroad) => {
    const opened = found.split('(').length > found.split(')').length ? '(' : ''
    return before + opened + (isAbroad ? shown.international : shown.national)
  })
  const isIn = text => text !== ours(text)
  const isDialled = href => { try { return isIn(decodeURIComponent(href.slice(4))) } catch { return false } }
  const change = (node, name, to) => {
    const from = node[name]
    node[name] = to
    undo.push(() => { if (node[name] === to) node[name] = from })
  }
  const dial = link => {
    const from = link.getAttribute('href')
    const to = 'tel:' + shown.tel
    if (from === to) return
    link.setAttribute('href', to)
    undo.push(() => { if (link.getAttribute('href') === to) link.setAttribute('href', from) })
  }
  const say = (element, to) => {
    const from = [...element.childNodes]
    element.replaceChildren(to)
    undo.push(() => { if (element.textContent === to) element.replaceChildren(...from) })
  }
  const inside = (root, selector) => {
    try { return [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)] } catch { return [] }
  }
  const texts = root => {
    const found = []
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    for (let node = walker.currentNode; node; node = walker.nextNode())
      if (node.nodeType === 3 && /\d{2}/.test(node.data) && !node.parentElement?.closest(LEFT_ALONE)) found.push(node)
    return found
  }
  const look = root => {
    const element = root.nodeType === 1 ? root : root.parentElement
    if (!element || element.closest(LEFT_ALONE)) return
    for (const node of texts(root)) if (isIn(node.data)) change(node, 'data', ours(node.data))
    for (const link of inside(element, 'a[href^="tel:" i]')) {
      if (link.closest(LEFT_ALONE) || !isDialled(link.getAttribute('href'))) continue
      dial(link)
      if (isIn(link.textContent)) say(link, ours(link.textContent))
    }
    if (about.selector) for (const place of inside(element, about.selector)) {
      for (const link of inside(place, 'a[href^="tel:" i]')) dial(link)
      for (const node of texts(place)) {
        const to = node.data.replace(ANY_NUMBER, one => /^(\+|00)/.test(one) ? shown.international : shown.national)
        if (to !== node.data) change(node, 'data', to)
      }
    }
  }
  const calmly = work => { try { work() } catch { /* the page goes on whatever happens here */ } observer.takeRecords() }
  const observer = new MutationObserver(records => {
    if (!shown) return
    const roots = new Set(records.flatMap(one => one.type === 'characterData' ? [one.target] : [...one.addedNodes]))
    calmly(() => { for (const root of roots) if (root.isConnected && (root.nodeType === 1 || root.nodeType === 3)) look(root) })
  })

  const restore = () => {
    observer.disconnect()
    for (const back of undo.reverse()) try { back() } catch { /* the page has changed it itself */ }
    undo = []
    shown = null
  }
  const show = number => {
    if (shown && shown.tel === number.tel) return
    restore()
    shown = number
    observer.observe(document.body, { subtree: true, childList: true, characterData: true })
    calmly(() => look(document.body))
  }

  const renew = async () => {
    if (asking) return
    const whose = visitor
    asking = true
    const said = await ask(whose, false)
    asking = false
    if (whose !== visitor) {
      // They took their consent back meanwhile.
      ask(whose, true)
      next = 0
      did = true
      return
    }
    next = Date.now() + 240000
    if (!said) return
    if (said.number) {
      until = Date.now() + said.minutes * 60000
      next = Date.now() + Math.min(240000, said.minutes * 20000)
      again = false
      show(said.number)
    } else {
      restore()
      again = Boolean(said.again_ms) && tries++ < TRIES
      if (again) next = Date.now() + said.again_ms
    }
  }
  const watch = () => {
    const now = who()
    if (now !== visitor) {
      const before = visitor
      visitor = now
      tries = 0
      if (before) {
        restore()
        ask(before, true)
      }
      if (now) renew()
      return
    }
    if (shown && Date.now() > until) restore()
    if (visitor && !document.hidden && Date.now() > next && (did || again)) {
      did = false
      renew()
    }
  }
  for (const sign of ['pointerdown', 'keydown', 'scroll', 'touchstart'])
    addEventListener(sign, () => { did = true }, { capture: true, passive: true })
  for (const back of ['pageshow', 'focus']) addEventListener(back, () => { did = true; watch() })
  document.addEventListener('visibilitychange', () => { did = true; watch() })
  setInterval(watch, 1000)
  watch()
})
