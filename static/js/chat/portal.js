// The guest portal with scripts: live, and sent without leaving the page. Without them it is a plain form.
import { Talk, Uploads, field, newId } from "./talk.js"

const AGAIN_AFTER = 8000
const { words: said, most, mostFiles, last, zone } = document.body.dataset
const words = JSON.parse(said)
const form = document.getElementById("write")
const list = document.getElementById("messages")
const text = document.getElementById("text")
const problem = document.getElementById("problem")
const csrf = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? ""
const headers = { Accept: "application/json", "X-CSRFToken": csrf }
const scheme = location.protocol === "https:" ? "wss" : "ws"

async function problemOf(response) {
  if (response.ok) return ""
  const told = response.headers.get("Content-Type")?.includes("json") ? await response.json() : {}
  return told.problem || words.failed
}

const talk = new Talk({
  list,
  log: document.getElementById("log"),
  words,
  zone,
  socket: `${scheme}://${location.host}${location.pathname}live/`,
  hello: () => ({}),
  ask: async (after) => {
    const response = await fetch(`messages?after=${encodeURIComponent(after)}`, { headers })
    return response.ok ? response.json() : null
  },
  seen: (keys, state) => fetch("seen", { method: "POST", headers, body: JSON.stringify({ keys, state }) }),
  write: async (message) => {
    const given = new FormData()
    given.append("id", message.client_id)
    given.append("text", message.text)
    for (const token of message.uploads) given.append("upload", token)
    return problemOf(await fetch("write", { method: "POST", headers, body: given }))
  },
  onEnd: () => location.reload(),
})

async function keepFile(file) {
  const given = new FormData()
  given.append("file", file)
  const response = await fetch("files", { method: "POST", headers, body: given })
  const refused = response.ok ? "" : await problemOf(response)
  if (refused) throw new Error(refused)
  return (await response.json()).file
}

if (form) {
  const uploads = new Uploads(document.getElementById("uploads"), words, Number(mostFiles), keepFile, (told) => (problem.textContent = told))
  const grow = field(text, form)
  const file = document.getElementById("file")
  file?.addEventListener("change", () => {
    uploads.add([...file.files])
    file.value = ""
  })
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    const typed = text.value.trim()
    problem.textContent = typed.length > Number(most) ? words.tooLong.replace("%(n)s", typed.length - Number(most)) : ""
    if (typed.length > Number(most) || (!typed && !uploads.files.length)) return
    text.value = ""
    grow()
    const files = await uploads.take()
    await talk.send({ client_id: newId(), text: typed, files: files.map((one) => ({ name: one.name, state: "wanted" })), uploads: files.map((one) => one.token) })
  })
}

// What the server wrote is taken over once the first look has come, so that nothing flickers. What the guest sent
// meanwhile stays.
const written = [...list.children]

async function begin() {
  const snapshot = await talk.ask("").catch(() => null)
  if (!snapshot) {
    setTimeout(begin, AGAIN_AFTER)
    return
  }
  for (const row of written) row.remove()
  talk.show(snapshot)
  talk.after = talk.after || last
  talk.toEnd()
  talk.start()
}

begin()
