// The website's own consent bar: it tells Leadbell by the plain function.
const bar = document.getElementById('consent')
const choice = localStorage.getItem('choice')
const tell = (yes) => { localStorage.setItem('choice', yes ? 'yes' : 'no'); bar.hidden = true; leadbell('consent', yes) }
if (choice) leadbell('consent', choice === 'yes')
else bar.hidden = false
document.getElementById('yes').onclick = () => tell(true)
document.getElementById('no').onclick = () => tell(false)

const known = document.getElementById('known')
if (known) {
  document.getElementById('choose').onclick = () => { bar.hidden = false }
  document.getElementById('show').onclick = () => leadbell('me', (me) => { known.textContent = JSON.stringify(me, null, 2) })
  document.getElementById('erase').onclick = () => leadbell('erase', (gone) => {
    localStorage.removeItem('choice')
    known.textContent = gone.erased ? 'Erased.' : 'Nothing was known.'
  })
}
