// Shows nothing and stores nothing: a tap on a notice leads to the desk.
self.addEventListener('notificationclick', event => {
  event.notification.close()
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
    if (pages.length) return pages[0].focus()
    return self.clients.openWindow(event.notification.data)
  })())
})
