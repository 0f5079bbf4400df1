// Tells that the video was watched to its end; it plays without this, too.
const video = document.querySelector('[data-watched]')
video?.addEventListener('ended', () => { navigator.sendBeacon(video.dataset.watched) }, { once: true })
