// How long a text is for the channel that carries it: characters, or the segments that an SMS is billed by.
// Sizes of 3GPP TS 23.038 and 23.040: 160/153 septets, 70/67 UCS-2 units; some characters take two septets.
const BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
const EXTENDED = "^{}\\[~]|€\f"

export const LONGEST = 10000

export function segments(text) {
  const letters = [...text]
  const plain = letters.every((letter) => BASIC.includes(letter) || EXTENDED.includes(letter))
  const size = plain ? letters.reduce((sum, letter) => sum + (EXTENDED.includes(letter) ? 2 : 1), 0) : text.length
  const [one, each] = plain ? [160, 153] : [70, 67]
  const parts = size <= one ? 1 : Math.ceil(size / each)
  return { size, parts, room: parts === 1 ? one : parts * each, plain }
}
