// Shows the signed-in user on pages that are the same for all clients. Without the script there is
// a plain link to the account.
const place = document.querySelector('[data-box]')
if (place) {
  fetch(place.dataset.box, { headers: { accept: 'text/html' } })
    .then((response) => response.ok ? response.text() : undefined)
    .then((html) => { if (html !== undefined) place.innerHTML = html })
    .catch(() => {})
}
