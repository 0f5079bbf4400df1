// Before the first paint: the device's own light or dark where nobody chose one.
(() => {
  const root = document.documentElement
  if (root.dataset.theme !== 'auto') return
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const follow = () => { root.dataset.bsTheme = dark.matches ? 'dark' : 'light' }
  dark.addEventListener('change', follow)
  follow()
})()
