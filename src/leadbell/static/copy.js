// Addresses and passwords to copy: the buttons appear where the browser can do it.
const SAID_MS = 1500
if (navigator.clipboard) for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false
document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('[data-copy]')
  if (!button) return
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent)
  button.classList.add('copied')
  setTimeout(() => button.classList.remove('copied'), SAID_MS)
})
