// The chat's frame within a site. It believes its parent window at the site's exact origin and nobody else; the visitor's
// token lives here, in the frame's own cookie, or, where the browser keeps none, with the page that shows the chat.
import { Talk, Uploads, element, field, newId } from "./talk.js"

const body = document.body
const { key, origin, colour, title } = body.dataset
const words = JSON.parse(body.dataset.words)
const most = Number(body.dataset.most)
const $ = (id) => document.getElementById(id)
const text = $("text")
const here = `/chat/${key}/`
const language = document.documentElement.lang
let token = body.dataset.token
let page = { url: "", title: "" }
let identity = ""
let again = 0
let declined = false

function say(message) {
  parent.postMessage({ bellhop: 1, ...message }, origin)
}

// --- what is asked of Bellhop ---
async function ask(what, given, method = "POST") {
  const headers = token ? { Authorization: `Bearer ${token}` } : {}
  const isForm = given instanceof FormData
  if (given && !isForm) headers["Content-Type"] = "application/json"
  const response = await fetch(`${here}${what}${what.includes("?") ? "&" : "?"}l=${language}`, {
    method,
    headers,
    body: isForm ? given : given && JSON.stringify(given),
    credentials: what === "start" || what === "end" ? "same-origin" : "omit",
  })
  if (response.status === 401) gone()
  const told = response.headers.get("Content-Type")?.includes("json") ? await response.json() : {}
  return { ok: response.ok, status: response.status, told }
}

function problemOf({ ok, status, told }) {
  if (ok) return ""
  return told.problem || (status === 413 ? words.tooLarge : words.failed)
}

async function begin() {
  if (token) return ""
  const answer = await ask("start", {})
  if (!answer.ok) return problemOf(answer)
  token = answer.told.token
  $("end").hidden = false
  say({ type: "begun", begun: true })
  await keepToken()
  await identify()
  return ""
}

// Our own cookie where the browser keeps it; else the page's storage; else nothing, and we say so.
async function keepToken() {
  const response = await fetch(`/chat/frame/${key}/kept`, { credentials: "same-origin" }).catch(() => null)
  const { kept } = response?.ok ? await response.json() : { kept: false }
  if (!kept) say({ type: "keep", token })
}

async function identify() {
  if (!identity || !token) return
  const answer = await ask("identify", { identity })
  if (answer.status === 409) {
    await end()
    note("")
  }
}

const talk = new Talk({
  list: $("messages"),
  log: $("log"),
  words,
  socket: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/chat/live/`,
  hello: () => (token ? { key, token } : null),
  ask: async (after) => {
    const answer = await ask(`messages?after=${encodeURIComponent(after)}`, undefined, "GET")
    return answer.ok ? answer.told : null
  },
  seen: (keys, state) => ask("seen", { keys, state }),
  write: async (message) => {
    const refused = await begin()
    if (refused) return refused
    return problemOf(await ask("write", { id: message.client_id, text: message.text, files: message.uploads, ...page }))
  },
  onState: follow,
  onUnread: (n) => say({ type: "unread", n }),
  onTyping: typing,
})
talk.isSeen = false

function gone() {
  if (!token) return
  token = ""
  say({ type: "keep", token: "" })
  say({ type: "begun", begun: false })
  talk.clear()
  $("end").hidden = true
  note(words.ended)
}

async function end() {
  await ask("end", {}).catch(() => undefined)
  token = ""
  say({ type: "keep", token: "" })
  say({ type: "begun", begun: false })
  talk.clear()
  $("end").hidden = true
  $("contact").hidden = true
  text.value = ""
  text.focus()
}

// --- what the visitor should know ---
function note(said) {
  $("note").textContent = said
  $("note").hidden = !said
}

function follow(state) {
  if (!state) return
  note(state.note)
  $("contact").hidden = !state.ask || declined
  clearTimeout(again)
  if (state.again_s) again = setTimeout(() => talk.poll(), Math.min(state.again_s, 3600) * 1000)
}

let typingUntil = 0
function typing() {
  $("typing").hidden = false
  clearTimeout(typingUntil)
  typingUntil = setTimeout(() => ($("typing").hidden = true), 6000)
}

// --- writing ---
const uploads = new Uploads($("uploads"), words, Number(body.dataset.mostFiles), keepFile, (said) => ($("problem").textContent = said))
const grow = field(text, $("write"))

async function keepFile(file) {
  const refused = await begin()
  if (refused) throw new Error(refused)
  const given = new FormData()
  given.append("file", file)
  const answer = await ask("files", given)
  if (!answer.ok) throw new Error(problemOf(answer))
  return answer.told.file
}

$("write").addEventListener("submit", async (event) => {
  event.preventDefault()
  const said = text.value.trim()
  $("problem").textContent = said.length > most ? words.tooLong.replace("%(n)s", said.length - most) : ""
  if (said.length > most || (!said && !uploads.files.length)) return
  text.value = ""
  grow()
  const files = await uploads.take()
  await talk.send({ client_id: newId(), text: said, files: files.map((file) => ({ name: file.name, state: "wanted" })), uploads: files.map((file) => file.token) })
})
$("file").addEventListener("change", () => {
  uploads.add([...$("file").files])
  $("file").value = ""
})
text.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])]
  if (!files.length) return
  event.preventDefault()
  uploads.add(files)
})

$("contact").addEventListener("submit", async (event) => {
  event.preventDefault()
  const given = Object.fromEntries(new FormData($("contact")))
  const answer = await ask("contact", given).catch(() => ({ ok: false, told: { problem: words.offline } }))
  $("contact").querySelector("[role=alert]").textContent = problemOf(answer)
  if (!answer.ok) return
  $("contact").hidden = true
  talk.show(answer.told)
  note(words.thanks)
  text.focus()
})
$("later").addEventListener("click", () => {
  declined = true
  $("contact").hidden = true
  text.focus()
})

// --- ending, closing, the keyboard ---
$("end").addEventListener("click", () => $("sure").showModal())
$("sure").addEventListener("close", () => $("sure").returnValue === "end" && end())
$("close").addEventListener("click", () => say({ type: "close" }))
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("sure").open) say({ type: "close" })
})

function focusable() {
  return [...document.querySelectorAll("button, textarea, input, a[href], [tabindex='0']")].filter((one) => one.offsetParent && !one.disabled)
}

// --- the page around us ---
addEventListener("message", (event) => {
  if (event.origin !== origin || event.source !== parent || event.data?.bellhop !== 1) return
  const told = event.data
  if (told.page) page = { url: String(told.page.url ?? ""), title: String(told.page.title ?? "") }
  if (told.type === "hello") return hello(told)
  if (told.type === "shown") {
    talk.isSeen = told.open === true
    talk.report()
    if (talk.isSeen) talk.toEnd()
  } else if (told.type === "identity") {
    identity = String(told.identity ?? "")
    identify()
  } else if (told.type === "kept" && told.ok !== true) note(words.notKept)
  else if (told.type === "focus") {
    const found = focusable()
    ;(told.where === "text" ? text : told.where === "last" ? found.at(-1) : found[0])?.focus()
  }
  return undefined
})

function hello(told) {
  talk.isSeen = told.open === true
  identity = String(told.identity ?? "")
  if (!token) token = String(told.token ?? "")
  if (token) {
    $("end").hidden = false
    identify()
  }
  talk.start()
  talk.poll()
}

// White or black on the site's own colour, whichever can be read.
function dress() {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  body.style.setProperty("--brand", colour)
  body.style.setProperty("--on-brand", 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.36 ? "#111" : "#fff")
}

dress()
say({ type: "look", colour, title })
say({ type: "ready" })
