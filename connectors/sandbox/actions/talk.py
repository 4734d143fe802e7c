"""Writing in conversations."""

from collections.abc import Sequence

from connectors.sandbox.happenings import MessagePosted
from connectors.sandbox.records import Conversation, Guest, Json, Post, Staff, Stay
from connectors.sandbox.world import World

INBOUND, OUTBOUND, NOTE, LOG = "inbound", "outbound", "note", "log"


def guest_writes(
    world: World,
    conversation: Conversation,
    body: str,
    module: str | None = None,
    attachments: Sequence[Json] = (),
) -> Post:
    """The guest sends a message; the module is the guest's last one unless named."""
    post = new_post(world, conversation, body, module or usual_module(world, conversation), INBOUND)
    guest = world.store.get(Guest, conversation.guest_id)
    post.author, post.author_name = "guest", guest.full_name if guest else ""
    post.attachments = list(attachments)
    return add_post(world, conversation, post)


def staff_replies(world: World, conversation: Conversation, body: str, module: str | None = None) -> Post:
    """Somebody at the front desk answers the guest in the PMS itself."""
    post = new_post(world, conversation, body, module or usual_module(world, conversation), OUTBOUND)
    post.author, post.author_name = "staff", front_desk(world)
    return add_post(world, conversation, post)


def staff_notes(world: World, conversation: Conversation, body: str) -> Post:
    """Somebody at the front desk leaves a note in the thread; nobody outside is told."""
    post = new_post(world, conversation, body, "note", NOTE)
    post.author, post.author_name = "staff", front_desk(world)
    return add_post(world, conversation, post)


def write_log(world: World, conversation: Conversation, body: str) -> Post:
    """The PMS itself notes something in the thread."""
    post = new_post(world, conversation, body, "log", LOG)
    post.author, post.author_name = "system", ""
    return add_post(world, conversation, post)


def new_post(world: World, conversation: Conversation, body: str, module: str, direction: str) -> Post:
    """A post that isn't stored yet; the author is the caller's to fill in."""
    key = world.new_id("post")
    return Post(key, conversation.id, body, module, direction, "", "", world.clock.iso())


def add_post(world: World, conversation: Conversation, post: Post) -> Post:
    """Store the post, bring the conversation up to date, and tell subscribers of messages (not of notes and logs)."""
    with world.store.tx():
        if post.stay_id is None and (stay := stay_of(world, conversation)):
            post.stay_id = stay.id
        world.store.put(post)
        touch(conversation, post)
        world.store.put(conversation)
        if post.direction in (INBOUND, OUTBOUND):
            world.announce(MessagePosted(post))
    return post


def touch(conversation: Conversation, post: Post) -> None:
    """Let the conversation show its newest post."""
    conversation.modified_at = post.created_at
    conversation.last_body, conversation.last_at = post.body, post.created_at
    if post.direction == INBOUND:
        conversation.last_guest_at, conversation.read = post.created_at, False
    elif post.direction == OUTBOUND:
        conversation.last_host_at, conversation.read = post.created_at, True


def usual_module(world: World, conversation: Conversation) -> str:
    """What the guest used last, else what suits the channel of the booking."""
    last = world.store.find(
        Post,
        "conversation_id = ? AND direction = ?",
        (conversation.id, INBOUND),
        order="created_at DESC",
        limit=1,
    )
    if last:
        return last[0].module
    return world.house.module_of(conversation.platform)


def stay_of(world: World, conversation: Conversation) -> Stay | None:
    """The stay that a conversation is about: its own, else the newest that hangs on it."""
    if conversation.stay_id:
        return world.store.get(Stay, conversation.stay_id)
    found = world.store.find(
        Stay, "conversation_id = ?", (conversation.id,), order="created_at DESC", limit=1
    )
    return found[0] if found else None


def front_desk(world: World) -> str:
    """The name of the person who sits at the PMS."""
    staff = world.store.find(Staff, limit=1)
    return staff[0].full_name if staff else "Front desk"


def bulk(world: World, conversations: int, posts_each: int, *, announce: bool, body: str = "Message") -> Json:
    """Guests write many posts at once, spread over the newest guest conversations; answers the ids by conversation."""
    chosen = world.store.find(
        Conversation, "kind = 'guest'", order="created_at DESC, id DESC", limit=max(1, conversations)
    )
    made: dict[str, list[str]] = {}
    with world.store.tx():
        for conversation in chosen:
            module = usual_module(world, conversation)
            stay = stay_of(world, conversation)
            posts = [new_post(world, conversation, f"{body} {n}", module, INBOUND) for n in range(posts_each)]
            for post in posts:
                post.author, post.stay_id = "guest", stay.id if stay else None
                touch(conversation, post)
            world.store.put_all(posts)
            world.store.put(conversation)
            made[conversation.id] = [post.id for post in posts]
            for post in posts if announce else ():
                world.announce(MessagePosted(post))
    return made
