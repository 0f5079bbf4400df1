// The live stream: one connection for all of a person's tabs. A browser opens six connections to a host,
// and a stream keeps its one; so one tab listens and tells the others.
const reader = document.querySelector('meta[name="reader"]')?.content
const name = `leadbell-stream-${reader}`
const QUIETLY_MS = 3000
const LONGEST_MS = 15000
const ASK_MS = 10000
const SLEPT_MS = 30000

class Stream extends EventTarget {
  readyState = EventSource.CONNECTING
  names = new Set()
  retry_ms = 500
  leads = false

  constructor(url) {
    super()
    this.url = url
    this.channel = new BroadcastChannel(name)
    this.channel.onmessage = ({ data }) => this.overheard(data)
    // Held until this tab is gone; without locks (no TLS) every tab listens for itself.
    if (navigator.locks) navigator.locks.request(name, () => this.lead())
    else this.lead()
    // The page's parts say first what they want to hear.
    queueMicrotask(() => this.channel.postMessage({ hello: true }))
  }

  lead() {
    this.leads = true
    this.connect()
    this.channel.postMessage({ tell: true })
    return new Promise(() => {})
  }

  connect() {
    if (this.source && this.source.readyState !== EventSource.CLOSED) return
    this.source = new EventSource(this.url)
    for (const event of this.names) this.source.addEventListener(event, this.hear)
    this.source.onopen = () => { this.retry_ms = 500; this.live(true) }
    this.source.onerror = () => {
      this.live(false)
      if (this.source.readyState !== EventSource.CLOSED) return
      setTimeout(() => this.connect(), this.retry_ms)
      this.retry_ms = Math.min(this.retry_ms * 2, LONGEST_MS)
    }
  }

  // A connection that a sleeping phone or another network left behind looks open and tells nothing.
  again() {
    if (!this.leads) return
    this.source.close()
    this.connect()
  }

  hear = event => {
    this.channel.postMessage({ event: event.type, data: event.data })
    this.dispatchEvent(new MessageEvent(event.type, { data: event.data }))
  }

  live(open) {
    this.channel.postMessage({ live: open })
    this.turned(open)
  }

  turned(open) {
    this.readyState = open ? EventSource.OPEN : EventSource.CONNECTING
    this.dispatchEvent(new CustomEvent('live', { detail: open }))
  }

  overheard(said) {
    if ('event' in said) this.dispatchEvent(new MessageEvent(said.event, { data: said.data }))
    else if ('live' in said) this.turned(said.live)
    else if ('want' in said) this.want(said.want)
    else if (said.tell) for (const event of this.names) this.channel.postMessage({ want: event })
    else if (said.hello && this.leads) this.channel.postMessage({ live: this.source.readyState === EventSource.OPEN })
  }

  want(event) {
    if (this.names.has(event)) return
    this.names.add(event)
    this.source?.addEventListener(event, this.hear)
  }

  addEventListener(event, ...rest) {
    super.addEventListener(event, ...rest)
    if (event === 'live') return
    this.want(event)
    if (!this.leads) this.channel.postMessage({ want: event })
  }

  close() {}
}

let stream
const connected = url => (stream ??= watch(new Stream(url)))

// A cut of a moment is nobody's business; a longer one is said, pages ask by themselves until it is over,
// and then whatever was missed is fetched.
function watch(source) {
  const line = document.getElementById('not-live')
  let cut, asking, told = false
  const refetch = () => window.htmx.trigger(document.body, 'resync')
  const say = () => { line.hidden = false; told = true; asking = setInterval(refetch, ASK_MS) }
  const down = () => { cut ??= setTimeout(say, QUIETLY_MS) }
  let opened = false
  source.addEventListener('live', ({ detail: open }) => {
    if (!open) return down()
    clearTimeout(cut)
    clearInterval(asking)
    cut = undefined
    line.hidden = true
    // The server tells a new listener what happened while its page was made; a tab that listens already does not.
    if (opened || told || !source.leads) refetch()
    opened = true
    told = false
  })
  down()
  // A phone that slept, a page taken from the back-forward cache: nobody knows what was missed.
  let hidden_at
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) hidden_at = Date.now()
    else if (Date.now() - hidden_at > SLEPT_MS) { source.again(); refetch() }
  })
  window.addEventListener('offline', down)
  window.addEventListener('online', () => source.again())
  window.addEventListener('pageshow', event => { if (event.persisted) refetch() })
  return source
}

if (window.htmx) window.htmx.createEventSource = connected
