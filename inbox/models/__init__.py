from inbox.models.attachment import Attachment, FileState
from inbox.models.chat import ChatVisitor, ChatWidget, PortalLink
from inbox.models.direct import MessageMail, ThreadAddress, ThreadMerge
from inbox.models.message import Author, Direction, Message
from inbox.models.note import Mention, Note
from inbox.models.notice import Notice
from inbox.models.person import SnoozePreset
from inbox.models.receipt import Destination, Receipt, ReceiptState
from inbox.models.thread import FAR, Draft, SavedView, Tag, Thread, ThreadEvent, ThreadRead, ThreadStatus
from inbox.models.writing import CannedReply

__all__ = [
    "FAR",
    "Attachment",
    "Author",
    "CannedReply",
    "ChatVisitor",
    "ChatWidget",
    "Destination",
    "Direction",
    "Draft",
    "FileState",
    "Mention",
    "Message",
    "MessageMail",
    "Note",
    "Notice",
    "PortalLink",
    "Receipt",
    "ReceiptState",
    "SavedView",
    "SnoozePreset",
    "Tag",
    "Thread",
    "ThreadAddress",
    "ThreadEvent",
    "ThreadMerge",
    "ThreadRead",
    "ThreadStatus",
]
