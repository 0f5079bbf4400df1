// Pictures of cars come from the dealer's website: of one that doesn't come the sign behind it is left.
const pictures = '.car-picture img'
document.addEventListener('error', ({ target }) => { if (target.matches?.(pictures)) target.remove() }, true)
for (const one of document.querySelectorAll(pictures)) if (one.complete && !one.naturalWidth) one.remove()
