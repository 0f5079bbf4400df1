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
