console-welcome = This is the group { $group }; you speak as “{ $name }”. Begin with /start; :help shows what else this chat can do.
console-talk = I only hear commands here: /help shows mine, :help those of this chat.
console-whisper = (only you see this)
console-private = private, to { $name }
console-edited = {" · edited"}
console-no-number = There is no button { $number }.
console-bad-name = A name has letters or digits and at most 32 of them: :as asha
console-forward-how = Say how far: :forward 30m, 2h, 1d or 1w
console-too-far = That is too far at once: at most a year, :forward 52w
console-now = It is { $moment }.
console-in-private = You speak in private, where a command needs no / and “1h30 indexes” is a check-in. :group goes back.
console-in-group = You are in the group { $group }.
console-unknown = This chat has no :{ $name }. :help shows what it has.
console-help =
    :as NAME        speak as another member
    :forward 1d     move this chat's clock (30m, 2h, 1d, 1w)
    :private        speak to me in private
    :group [NAME]   speak in the group, or go to another
    :quit           leave; the next chat goes on from here
    A number presses the button of that number. /help shows the commands.
