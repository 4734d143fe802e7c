// What somebody found: words and a photo. Without a line it waits, or stays in the dialog where nothing can be kept.
import { announce, words } from "../ui.js"
import * as reports from "./reports.js"
import { NoLine, fixed, newToken, post, unitUrl } from "./send.js"

const dialog = () => document.getElementById("report")
let unit = null
let token = ""
let board = null

function complain(text) {
  const place = document.getElementById("report-refused")
  place.textContent = text
  place.hidden = !text
}

export function open(card) {
  if (!card) return
  unit = { id: card.dataset.unit, name: card.dataset.name }
  token = newToken()
  document.getElementById("states")?.hidePopover()
  document.getElementById("report-title").textContent = words("report", { unit: unit.name })
  complain("")
  dialog().showModal()
  document.getElementById("report-note").focus()
}

function posted(report) {
  const values = new FormData()
  for (const [name, value] of Object.entries({ ...fixed(), token: report.token, ...report.values })) values.set(name, value)
  return post(`${unitUrl(report.unit)}report/`, values)
}

async function submit(event) {
  event.preventDefault()
  const form = event.target
  const { kind, note, photo } = Object.fromEntries(new FormData(form))
  const report = { token, unit: unit.id, name: unit.name, values: photo?.size ? { kind, note, photo } : { kind, note } }
  const button = form.querySelector("[type=submit]")
  button.disabled = true
  try {
    if (await told(report)) {
      form.reset()
      dialog().close()
    }
  } finally {
    button.disabled = false
  }
}

// Is it out of the dialog: the server has it, or it waits?
async function told(report) {
  try {
    const answer = await posted(report)
    if (answer.status >= 400) return complain(answer.told.refused ?? words("gone", report))
    if (answer.status === 0 && !(await reports.add(report))) return complain(words("notReached"))
    await board.settle(report, answer)
    return true
  } catch (error) {
    if (!(error instanceof NoLine)) throw error
    if (!(await reports.add(report))) return complain(words("notReached"))
    announce(words("reportWaits", { unit: report.name }))
    board.count()
    return true
  }
}

// One after the other. What can't be kept just now (503) is tried again.
let running = null

export function replay() {
  running ??= (async () => {
    for (const report of await reports.waiting()) {
      const answer = await posted(report)
      if (answer.status === 503) return
      const done = await board.settle(report, answer)
      if (done === "stop") return
      await reports.drop(report.token)
    }
  })()
    .catch((error) => {
      if (!(error instanceof NoLine)) throw error
    })
    .finally(() => (running = null))
  return running
}

export function start(given) {
  board = given
  dialog()?.querySelector("form").addEventListener("submit", submit)
  dialog()?.querySelector("[data-close]").addEventListener("click", () => dialog().close())
}
