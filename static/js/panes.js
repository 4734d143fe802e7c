// Opening and leaving threads without loading the page anew: addresses, the back button, the drawer, the title.
import { flushDraft } from "./drafts.js"

const SKELETON_AFTER = 300
const FULL = "(width >= 1200px)"

const panes = () => document.getElementById("panes")
const list = () => document.getElementById("list")
export const openThread = () => document.getElementById("thread")?.dataset.thread ?? ""
const address = (id = "") => {
  const { view, query } = list().dataset
  return `/inbox/${view}/${id ? `${id}/` : ""}${query ? `?${query}` : ""}`
}

export function markOpen(id) {
  for (const link of document.querySelectorAll("#rows .who[aria-current]")) link.removeAttribute("aria-current")
  document.querySelector(`#row-${CSS.escape(id)} .who`)?.setAttribute("aria-current", "true")
}

function skeleton() {
  const body = document.getElementById("log-body") ?? document.getElementById("thread")
  body?.replaceChildren(document.getElementById("skeleton").content.cloneNode(true))
  body?.setAttribute("aria-busy", "true")
}

// `push` is false where the browser has changed the address already.
export async function open(id, { push = true } = {}) {
  flushDraft()
  const url = address(id)
  const timer = setTimeout(skeleton, SKELETON_AFTER)
  if (push) history.pushState({}, "", url)
  panes().dataset.pane = "thread"
  markOpen(id)
  try {
    await window.htmx.ajax("GET", url, { source: "#panes", target: "#thread", swap: "outerHTML" })
  } finally {
    clearTimeout(timer)
  }
  if (openThread() === id && !list().checkVisibility()) document.getElementById("thread-title")?.focus()
  title()
}

export function back({ push = true } = {}) {
  flushDraft()
  if (push) history.pushState({}, "", address())
  const id = openThread()
  panes().dataset.pane = "list"
  document.querySelector(`#row-${CSS.escape(id)} .who`)?.focus()
  title()
}

export function title() {
  if (!list()) return
  const count = document.querySelector('#nav-views [data-view="needs-reply"] .count')?.textContent.trim()
  const inThread = openThread() && panes().dataset.pane !== "list"
  const name = document.getElementById(inThread ? "thread-title" : "view-title")?.textContent.trim()
  document.title = `${count && count !== "0" ? `(${count}) ` : ""}${name} · Bellhop`
}

// The counts stand in three places; the navigation's are the ones that are fetched.
export function counts() {
  for (const link of document.querySelectorAll("#nav-views [data-view]")) {
    const number = link.querySelector(".count").textContent
    const other = document.querySelector(`#views [data-view="${link.dataset.view}"] .count`)
    if (other) other.textContent = number
    if (link.dataset.view === list()?.dataset.view) document.getElementById("view-count").textContent = number
  }
  title()
}

function travelled() {
  const [, , view, id] = location.pathname.split("/")
  const isHere = list() && view === list().dataset.view && location.search.replace(/^\?/, "") === list().dataset.query
  if (!location.pathname.startsWith("/inbox/") || !isHere) return location.reload()
  if (!id) return back({ push: false })
  if (id !== openThread()) return open(id, { push: false })
  panes().dataset.pane = "thread"
  return title()
}

// --- the drawer: under 1200 px the stay's details lie over the thread, and take the focus with them ---
const drawer = () => document.getElementById("context")
export const drawerIsOpen = () => panes()?.dataset.pane === "context"

function openDrawer() {
  panes().dataset.pane = "context"
  for (const pane of [list(), document.getElementById("thread")]) pane.inert = true
  drawer().querySelector("[data-drawer-close]")?.focus()
}

export function closeDrawer() {
  if (!drawerIsOpen()) return
  panes().dataset.pane = "thread"
  for (const pane of [list(), document.getElementById("thread")]) pane.inert = false
  document.querySelector("#thread [data-drawer]")?.focus()
}

export function start() {
  if (!panes()) return
  window.addEventListener("popstate", travelled)
  window.matchMedia(FULL).addEventListener("change", closeDrawer)
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-open]")
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault()
      open(link.dataset.open)
    }
    if (event.target.closest("[data-back]")) {
      event.preventDefault()
      back()
    }
    if (event.target.closest("[data-drawer]")) {
      event.preventDefault()
      openDrawer()
    }
    if (event.target.closest("[data-drawer-close]")) {
      event.preventDefault()
      closeDrawer()
    }
  })
  // A drawer that was swapped anew stays open, with the focus in it.
  document.addEventListener("htmx:after:swap", () => {
    if (drawerIsOpen() && !drawer()?.contains(document.activeElement)) openDrawer()
    if (document.querySelector("#nav-views")) counts()
  })
}
