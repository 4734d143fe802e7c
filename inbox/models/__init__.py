from inbox.models.message import Attachment, Author, Direction, Message
from inbox.models.note import Mention, Note
from inbox.models.receipt import Destination, Receipt, ReceiptState
from inbox.models.thread import Draft, SavedView, Tag, Thread, ThreadEvent, ThreadRead, ThreadStatus
from inbox.models.writing import CannedReply

__all__ = [
    "Attachment",
    "Author",
    "CannedReply",
    "Destination",
    "Direction",
    "Draft",
    "Mention",
    "Message",
    "Note",
    "Receipt",
    "ReceiptState",
    "SavedView",
    "Tag",
    "Thread",
    "ThreadEvent",
    "ThreadRead",
    "ThreadStatus",
]
