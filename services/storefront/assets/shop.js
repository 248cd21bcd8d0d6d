// Shows who is signed in on pages that are the same for everybody. Without it there is a plain link
// to the account.
const place = document.querySelector('[data-box]')
if (place) {
  fetch(place.dataset.box, { headers: { accept: 'text/html' } })
    .then((response) => response.ok ? response.text() : undefined)
    .then((html) => { if (html !== undefined) place.innerHTML = html })
    .catch(() => {})
}
