/**
 * All that the page cannot do without a script: going through the cells of a map by arrow keys, their text below the map, and unfolding what a link leads to. Without it,
 * everything is there to be read.
 */
export const SCRIPT = `'use strict'
for (const map of document.querySelectorAll('.cells')) {
  const cells = [...map.children]
  const output = map.nextElementSibling
  const columns = () => {
    const next = cells.findIndex((cell) => cell.offsetTop > cells[0].offsetTop)
    return next < 1 ? cells.length : next
  }
  const moves = {
    ArrowRight: () => 1,
    ArrowLeft: () => -1,
    ArrowDown: columns,
    ArrowUp: () => -columns(),
    Home: () => -cells.length,
    End: () => cells.length,
  }
  const show = ({ target }) => { if (target !== map) output.textContent = target.title }
  map.addEventListener('mouseover', show)
  map.addEventListener('click', show)
  map.addEventListener('focusin', (event) => {
    show(event)
    for (const cell of map.querySelectorAll('[tabindex="0"]')) cell.tabIndex = -1
    event.target.tabIndex = 0
  })
  map.addEventListener('keydown', (event) => {
    const move = moves[event.key]
    const at = cells.indexOf(event.target)
    if (!move || at < 0 || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    cells[Math.min(cells.length - 1, Math.max(0, at + move()))].focus()
  })
}
const reveal = () => {
  const target = document.getElementById(location.hash.slice(1))
  if (!target) return
  for (let box = target.closest('details'); box; box = box.parentElement.closest('details')) box.open = true
  target.scrollIntoView({ block: 'center' })
  target.focus({ preventScroll: true })
}
addEventListener('hashchange', reveal)
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="#"]')
  if (link && link.getAttribute('href') === location.hash) { event.preventDefault(); reveal() }
})
addEventListener('beforeprint', () => {
  for (const box of document.querySelectorAll('details:not([open])')) { box.open = true; box.dataset.unfolded = '' }
})
addEventListener('afterprint', () => {
  for (const box of document.querySelectorAll('details[data-unfolded]')) { box.open = false; delete box.dataset.unfolded }
})
reveal()
`
