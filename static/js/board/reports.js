// Reports that wait for a line: words and photo, kept in the browser's database until the server has them.
import { shell } from "../ui.js"

const PLACE = `bellhop.board.reports.${shell?.dataset.user ?? ""}`
const STORE = "reports"
const MOST = 10 // a photo is some megabytes

function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(PLACE, 1)
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "token" })
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
}

async function within(mode, act) {
  const database = await opened()
  try {
    return await new Promise((resolve, reject) => {
      const work = database.transaction(STORE, mode)
      const asked = act(work.objectStore(STORE))
      work.oncomplete = () => resolve(asked.result)
      work.onabort = () => reject(work.error)
    })
  } finally {
    database.close()
  }
}

// In their order; none where the browser keeps nothing.
export const waiting = async () =>
  (await within("readonly", (store) => store.getAll()).catch(() => [])).sort((one, other) => one.at - other.at)

// Is it kept? A full phone, or a private window, keeps nothing.
export async function add(report) {
  if ((await waiting()).length >= MOST) return false
  return within("readwrite", (store) => store.put({ ...report, at: Date.now() })).then(() => true, () => false)
}

export const drop = (token) => within("readwrite", (store) => store.delete(token))
