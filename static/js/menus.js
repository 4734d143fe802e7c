// What a menu of the open thread has besides its fixed choices: asked for when it is opened, or looked for by name.

function ask(scope) {
  for (const more of scope.querySelectorAll("[data-ask]:not([data-asked])")) {
    more.dataset.asked = ""
    const gone = () => delete more.dataset.asked
    window.htmx.ajax("GET", more.dataset.ask, { source: more, target: more, swap: "outerHTML" }).then(gone, gone)
  }
}

export function askAll() {
  const head = document.getElementById("thread-head")
  if (head) ask(head)
}

export function start() {
  document.addEventListener("beforetoggle", (event) => event.newState === "open" && ask(event.target), true)
  // A head that somebody's change brought anew has menus that were not asked for.
  document.addEventListener("htmx:after:swap", () => {
    for (const menu of document.querySelectorAll("#thread-head [popover]:popover-open")) ask(menu)
  })
}
