// Before the first paint: that scripts run, and the device's own light or dark where nobody chose one.
(() => {
  const root = document.documentElement
  root.classList.add('js')
  if (root.dataset.theme !== 'auto') return
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const follow = () => { root.dataset.bsTheme = dark.matches ? 'dark' : 'light' }
  dark.addEventListener('change', follow)
  follow()
})()
