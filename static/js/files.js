// Files of a reply: pasted, dropped or chosen; kept one by one with their progress. Sending waits for them.
import { way } from "./ways.js"
import { words, announce, toast, csrf, post } from "./ui.js"

const MOST_BYTES = 25 * 1024 * 1024
const SHOWN = "[data-file]"

const form = () => document.getElementById("composer")
const list = () => document.getElementById("uploads")
const isNote = () => form()?.dataset.mode === "note"

// What the chosen way makes of the files.
function showNotes() {
  const chosen = way()?.value
  for (const note of document.querySelectorAll("#files-notes [data-way]")) note.hidden = Boolean(chosen) && note.dataset.way !== chosen
}

async function askNotes() {
  const { uploadUrl, thread } = form().dataset
  const answer = await fetch(uploadUrl, { headers: { "HX-Request": "true" } }).catch(() => null)
  const holder = document.createElement("template")
  if (answer?.ok) holder.innerHTML = (await answer.text()).trim()
  if (form()?.dataset.thread !== thread || !holder.content.firstElementChild) return
  document.getElementById("files-notes").replaceChildren(...holder.content.firstElementChild.children)
  showNotes()
}

const busy = new Set()
let last = Promise.resolve()

export const isBusy = () => busy.size > 0
export const hasFiles = () => Boolean(list()?.querySelector(SHOWN))

// True once everything is kept; false where something was refused, so that nothing leaves without it unseen.
export async function settled() {
  while (busy.size) await Promise.allSettled([...busy])
  return !list()?.querySelector("[data-state=refused]")
}

function track(work) {
  busy.add(work)
  work.finally(() => busy.delete(work))
}

export function add(files) {
  if (!form()?.dataset.uploadUrl || !files.length) return
  if (isNote()) return void toast(words("noFilesInNotes"))
  // One after the other, so that they stand in the order in which they were given.
  const { uploadUrl, thread } = form().dataset
  for (const file of files) {
    const line = lineFor(file)
    const before = last
    last = (async () => {
      await before
      if (line.isConnected) await send(file, line, uploadUrl, thread)
    })()
    track(last)
  }
}

function lineFor(file) {
  const line = document.getElementById("upload-line").content.firstElementChild.cloneNode(true)
  line.querySelector("bdi").textContent = file.name
  line.querySelector("progress").setAttribute("aria-label", file.name)
  const button = line.querySelector("button")
  button.setAttribute("aria-label", words("removeFile", { name: file.name }))
  button.addEventListener("click", () => line.remove())
  list().append(line)
  return line
}

function refuse(line, name, why) {
  if (!line.isConnected) return
  line.dataset.state = "refused"
  line.querySelector("progress").remove()
  line.querySelector(".upload-why").textContent = why
  announce(words("fileRefused", { name, why }))
}

async function send(file, line, url, thread) {
  if (file.size > MOST_BYTES) return refuse(line, file.name, words("fileTooLarge"))
  const body = new FormData()
  body.append("file", file)
  body.append("seen", form()?.querySelector("[name=seen]")?.value ?? "")
  const answer = await upload(url, body, line)
  if (answer.status === 200) return kept(line, file.name, thread, answer.text)
  if (answer.status < 0) return undefined
  const why = [422, 503].includes(answer.status) ? answer.text : words(`error${answer.status}`)
  return refuse(line, file.name, why.startsWith("error") ? words("error5xx") : why)
}

// fetch() tells nothing about what has left yet.
function upload(url, body, line) {
  const request = new XMLHttpRequest()
  const bar = line.querySelector("progress")
  line.querySelector("button").addEventListener("click", () => request.abort())
  request.open("POST", url)
  request.setRequestHeader("X-CSRFToken", csrf())
  request.setRequestHeader("HX-Request", "true")
  request.upload.addEventListener("progress", (event) => event.lengthComputable && (bar.value = event.loaded / event.total))
  return new Promise((done) => {
    request.addEventListener("load", () => done({ status: request.status, text: request.responseText }))
    request.addEventListener("error", () => done({ status: 0, text: "" }))
    request.addEventListener("abort", () => done({ status: -1, text: "" }))
    request.send(body)
  })
}

function kept(line, name, thread, html) {
  document.getElementById(`row-${thread}`)?.setAttribute("data-has-draft", "")
  if (!line.isConnected) return
  const holder = document.createElement("template")
  holder.innerHTML = html.trim()
  line.replaceWith(holder.content)
  announce(words("fileAdded", { name }))
  askNotes()
}

async function remove(button) {
  const line = button.closest(".upload")
  try {
    await post(button.dataset.removeFile, {})
  } catch (error) {
    if (error.message !== "404") return void toast(words("error0"), { tone: "bad" })
  }
  const next = line.nextElementSibling ?? line.previousElementSibling
  line.remove()
  const focus = next?.querySelector("button") ?? form().querySelector("#attach")
  focus?.focus()
  askNotes()
}

// --- where files come from ---
const ofEvent = (event) => [...(event.clipboardData ?? event.dataTransfer)?.files ?? []]
const brings = (event) => event.dataTransfer?.types.includes("Files") && event.target.closest?.("#thread")

function over(event) {
  if (!brings(event) || !form()?.dataset.uploadUrl) return
  event.preventDefault()
  form().dataset.dropping = "yes"
}

function left(event) {
  if (form() && !event.relatedTarget?.closest?.("#thread")) delete form().dataset.dropping
}

function dropped(event) {
  if (!brings(event) || !form()?.dataset.uploadUrl) return
  event.preventDefault()
  delete form().dataset.dropping
  add(ofEvent(event))
}

function pasted(event) {
  const files = ofEvent(event)
  // A table copied from a document comes as text and as a picture of it: the text is meant.
  if (!event.target.closest?.("#composer") || !files.length || event.clipboardData.types.includes("text/plain")) return
  event.preventDefault()
  add(files)
}

export function start() {
  document.addEventListener("bellhop:way", showNotes)
  document.addEventListener("dragover", over)
  document.addEventListener("dragleave", left)
  document.addEventListener("drop", dropped)
  document.addEventListener("paste", pasted)
  document.addEventListener("click", (event) => {
    if (event.target.closest("#attach")) document.getElementById("file-input")?.click()
    const button = event.target.closest("[data-remove-file]")
    if (button) track(remove(button))
  })
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.dataset?.describe) return
    event.preventDefault() // it would send the reply
    document.getElementById("body")?.focus()
  })
  document.addEventListener("change", (event) => {
    if (event.target.id === "file-input") {
      add([...event.target.files])
      event.target.value = ""
    }
    const { describe } = event.target.dataset ?? {}
    if (describe) track(post(describe, { alt: event.target.value }).catch(() => toast(words("notSaved"), { tone: "bad" })))
  })
}
