// Clocks run here from a time the server sent, corrected by the server's own clock.
const said = document.getElementById('said')?.dataset ?? {}
const served = Date.parse(document.querySelector('meta[name="server-now"]')?.content)
// The page was rendered before it arrived: what the device's clock showed then is the best there is.
const offset = Number.isNaN(served) ? 0 : served - (performance.timeOrigin + (performance.getEntriesByType('navigation')[0]?.responseStart ?? 0))

export const now = () => Date.now() + offset
const fill = (text, values) => (text ?? '').replace(/%\((\w+)\)s/g, (_, name) => values[name])

const days = n => new Intl.NumberFormat(document.documentElement.lang, { style: 'unit', unit: 'day', unitDisplay: 'long' }).format(n)

const ran = s => {
  if (s < 3600) return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`
  if (s >= 86400) return days(Math.floor(s / 86400))
  return fill(said.hoursMinutes, { hours: Math.floor(s / 3600), minutes: String(Math.floor(s / 60) % 60).padStart(2, '0') })
}
const lateBy = minutes => {
  if (minutes < 1) return said.now
  const time = minutes < 60 ? fill(said.minutes, { minutes })
    : minutes < 1440 ? fill(said.hours, { hours: Math.floor(minutes / 60) })
    : days(Math.floor(minutes / 1440))
  return fill(said.late, { time })
}
const colour = (clock, name) => {
  for (const other of ['fine', 'soon', 'late']) clock.classList.toggle(other, other === name)
}
const show = (clock, text) => { if (clock.textContent !== text) clock.textContent = text }

const KINDS = {
  since(clock, at) {
    const s = Math.max(0, Math.floor((now() - at) / 1000))
    show(clock, ran(s))
    const { late, soon } = clock.dataset
    if (late) colour(clock, s >= late ? 'late' : soon && s >= soon ? 'soon' : 'fine')
  },
  left(clock, at) { show(clock, String(Math.max(0, Math.round((at - now()) / 1000)))) },
  due(clock, at) {
    const minutes = Math.floor((now() - at) / 60000)
    if (minutes < 0) return
    show(clock, lateBy(minutes))
    colour(clock, minutes < 1 ? 'soon' : 'late')
  },
}

const tick = () => {
  for (const clock of document.querySelectorAll('time[data-clock]')) KINDS[clock.dataset.clock]?.(clock, Date.parse(clock.dateTime))
}
tick()
setInterval(tick, 250)
document.addEventListener('htmx:afterSettle', tick)
