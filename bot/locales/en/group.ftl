command-leaderboard = Who did what in your group, and your own place
command-recap = Your group's week so far
command-setup = Leaders: make this chat your group's home, or change its settings
command-place = Your own place on the board, for you alone
command-homecode = A code that makes another chat a second home

parameter-leaderboard-window = This week, this month, or all time
parameter-leaderboard-by = Points, steps, minutes or streak
parameter-leaderboard-group = Which of your groups
parameter-leaderboard-page = Which page
parameter-recap-group = Which of your groups
parameter-place-window = This week, this month, or all time
parameter-place-by = Points, steps, minutes or streak
parameter-place-group = Which of your groups
parameter-setup-zone = The group's city or zone
parameter-setup-time = Daily question, such as 20:00; or off
parameter-setup-recap = Recap, such as sun 18:00; or off
parameter-setup-roadmap = The roadmap most will follow
parameter-setup-deadline = By when: 20 May 2027, or in 5 months
parameter-setup-code = The code shown in the group's first home
parameter-setup-language = The language of all that the group reads

hint-leaderboard-group = The group's name
hint-recap-group = The group's name
hint-place-group = The group's name
hint-setup-zone = Kolkata, Europe/Berlin …
hint-setup-time = 20:00, or off
hint-setup-recap = sun 18:00, or off
hint-setup-roadmap = backend-ai-era
hint-setup-deadline = 20 May 2027, or in 5 months
hint-setup-code = ABCD-2345
hint-setup-language = English

ask-group = Which group?
ask-setup-zone = In which city or time zone is the group?
ask-setup-time = When shall I ask the group every day?
ask-setup-recap = On which day and at what time shall the recap come?
ask-setup-roadmap = Which roadmap do most of you follow?
ask-setup-deadline = By when does the group want to be done?
ask-setup-code = Which code does the first home show?
ask-setup-language = In which language shall I speak with the group?

# The board
option-week = Week
option-month = Month
option-all = All time
option-points = Points
option-steps = Steps
option-minutes = Hours
option-streak = Streak
button-place = My place
button-page-back = ← Better
button-page-on = More →
amount-points = { $count ->
    [one] { $count } point
   *[other] { $count } points
}
amount-steps = { $count ->
    [one] { $count } step
   *[other] { $count } steps
}
amount-streak = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
board-title = **{ $group }** · { $window ->
    [week] this week
    [month] this month
   *[all] all time
}{ $sum ->
    [no] {""}
   *[other] : { $sum }
}
board-empty = { $window ->
    [week] The week is still open
    [month] The month is still open
   *[all] The board is still open
}: { $measure ->
    [steps] one step done starts it.
   *[other] one step or half an hour of study starts it.
}
board-legend = A step is { $step } points, every { $minutes } minutes of study 1.
place = You are **number { $rank } of { $members }** in { $group } { $window ->
    [week] this week
    [month] this month
    [now] now
   *[all] of all time
}: { $amount }.
place-first = Nobody is ahead of you.
place-behind = { $gap } behind { $name }.
place-gap = { $gap } behind the next place.
place-none = You have no { $measure ->
    [steps] steps
    [minutes] hours
   *[points] points
} in { $group } yet{ $window ->
    [week] {" "}this week
    [month] {" "}this month
   *[all] {""}
}.
place-none-streak = No streak is running for you in { $group }. One step or a check-in starts one.
refuse-no-group = You are in no group. Open your study group's chat and type /start there; a leader makes it the group's home with /setup.
refuse-no-home = This chat is no group's home yet. A leader makes it one with /setup.

# The group's home
home-new = ✅ **{ $group }** lives here now
home-second = ✅ **{ $group }** lives here too now
home-saved = ✅ **{ $group }**: saved
home-title = **{ $group }** lives here
home-begin = Everybody begins with /start.{ $posts ->
    [recap-time] {" "}I ask once a day here, and the week's recap follows by itself.
    [time] {" "}I ask once a day here.
    [recap] {" "}The week's recap comes by itself.
   *[none] {""}
}
home-joined = What members do here and in the other home counts as one.
field-zone = Time zone
field-zone-now = { $zone } ({ $time } now)
field-time = Daily question
field-recap = Recap
field-language = Language
field-post-at = { $day } { $time }
field-roadmap = Roadmap
field-deadline = Deadline
field-homes = Homes
field-open = not chosen yet
field-lost = Not delivered, last 7 days
lost-post = { $what } of { $date } ({ $reason })
reason-late = too late
reason-quiet = quiet hours
reason-nobody = no private chat is open
reason-nowhere = the group lives nowhere
reason-moved = the chat moved
reason-crowded = too much was said there at once
reason-fault = a fault of ours
reason-unsure = it may have arrived
reason-failed = it was refused
reason-expired = too late
reason-doubtful = it may have arrived
lost-more = { $count ->
    [one] { $count } more post
   *[other] { $count } more posts
}
lost-private = { $count ->
    [one] { $count } reminder to a member came too late and was dropped
   *[other] { $count } reminders to members came too late and were dropped
}
choose-roadmap = The group's roadmap
button-group-settings = The group's settings
button-zone = Time zone
button-time = Daily question
button-recap = Recap
button-language = Language
button-deadline = Deadline
button-homecode = Code for a second home
home-code = The code for a second home of **{ $group }**: `{ $code }`
home-code-how = In the other chat, on this platform or another, type `/setup code:{ $code }` within ten minutes. It works once, and only for who leads that chat.
group-unnamed = Study group
change-home = making this chat the home of { $group }
change-group = the settings of { $group }
refuse-post-private = What the whole group is told is set in the group itself: type `/remind kind:{ $kind }` there.
refuse-post-place = That is a post for the whole group, wherever it lives: it has a time, and no other place. `/{ $line }`
refuse-post-days = { $why }: `/{ $line }`
refuse-post-time = “{ $text }” is not a time of day. Try 20:00, or off.
refuse-setup-private = A group's home is made in the group itself: add me to its channel or chat and type /setup there.
refuse-code-wrong = That code is not one I know: it may be over ten minutes old, used, or mistyped. In the first home, /setup shows a new one with “Code for a second home”.
refuse-code-locked = That were five wrong codes. Please try again in { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}.
refuse-code-here = This chat is a home of **{ $group }** already. The code is for another chat: type it there.

# What the bot may not do in a chat
permissions-missing = Here I may not: { $names }. Give my role or account that in this chat's settings, then type /setup again.
permission-view = View Channel
permission-send = Send Messages
permission-embed = Embed Links
permission-attach = Attach Files
permission-history = Read Message History

# Being added
greeting-title = **Hello, I am Roadmate.**
greeting = I keep a study group on its roadmap: a deadline for everyone, one question a day, and a board of what was done.
greeting-how = A leader presses Set up where the group studies. Then everybody begins with /start.
button-setup = Set up
