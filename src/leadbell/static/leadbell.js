// Small modules, no framework; pages work without any of them.
import './stream.js'
import './requests.js'
import './looks.js'
import './clocks.js'
import './bell.js'
import './forms.js'
import './phone_window.js'
import './pictures.js'
document.addEventListener('click', ({ target }) => { if (target.closest?.('[data-print]')) window.print() })
// Where the tabs are wider than the screen, the one that is open is in sight.
for (const here of document.querySelectorAll('.tabs [aria-current], .places [aria-current]')) {
  const row = here.parentElement
  const past = here.getBoundingClientRect().left - row.getBoundingClientRect().left
  row.scrollLeft += past - (row.clientWidth - here.offsetWidth) / 2
}
