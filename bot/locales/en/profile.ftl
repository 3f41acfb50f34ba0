# What each command does, in at most 100 characters (command-start stands with the first ones)
command-settings = All of yours, each changeable from there
command-link = Join your accounts on Discord and Telegram into one member
command-privacy = What I keep about you, why, and how to get it or have it removed
command-help = What I can do; with a command, how it is used

parameter-start-code = A code from /link, if you have one
parameter-link-code = The code that /link shows in your other account
parameter-help-command = Which command
parameter-when-intention = When …, I study …
parameter-name-name = What I call you
parameter-language-language = Which language
parameter-main-group = Which group
parameter-mydata-about = What kind of it
parameter-mydata-page = Which page
parameter-forgetme-sure = yes, to delete it all

hint-when-intention = When I have had dinner, I study at my desk
hint-name-name = Your name, as your groups know you

ask-when-intention = When do you study, and where?
ask-name-name = What shall I call you?
ask-language = In which language shall I speak with you?
ask-main = Which of your groups is your main one? What you finish in private is announced there.

# A line for each command on one phone screen; with the command, at most 40 characters
short-start = three taps to your plan
short-join = a roadmap and a deadline
short-roadmaps = what there is to choose
short-leave = a roadmap; it keeps your steps
short-next = the next step, and why
short-done = a step, with proof
short-skip = leave a step out
short-undo = take back your last change
short-progress = where you stand
short-roadmap = all steps, yours ticked
short-checkin = did you study today?
short-later = ask me again later
short-remind = when, and when not
short-pause = time off from me
short-leaderboard = the group's board
short-recap = the group's week
short-setup = for those who lead it
short-settings = all of yours
short-timezone = your clock
short-link = Discord and Telegram as one
short-privacy = what I keep about you
short-help = this, or one command

help-begin = Begin
help-learn = Your steps
help-daily = Every day
help-together = Your group
help-mine = You
help-more = An example of any: `/help done`
help-does = { $text }.
help-leaders = For those who lead the group.
help-example = Example:

example-start = /start
example-join = /join backend-ai-era in 6 months 2h
example-leave = /leave backend-ai-era
example-roadmaps = /roadmaps
example-roadmap = /roadmap backend-ai-era
example-done = /done http-rest https://example.org/api
example-undo = /undo
example-skip = /skip caching-queues knew it before
example-progress = /progress
example-next = /next
example-checkin = /checkin 1h30 indexes and query plans
example-later = /later 1h
example-leaderboard = /leaderboard month steps
example-recap = /recap
example-remind = /remind 20:00 weekdays dm
example-quiet = /quiet 22:00 07:00
example-pause = /pause 2 weeks
example-rest = /rest 24 Dec to 27 Dec
example-daystart = /daystart 04:00
example-timezone = /timezone Asia/Kolkata
example-settings = /settings
example-link = /link
example-setup = /setup Asia/Kolkata 20:00 sun 18:00 backend-ai-era in 6 months
example-privacy = /privacy
example-help = /help done

# The first screen
start-hello = **Hello, { $name }.**
start-what = I keep you on a study roadmap: a deadline that fits, one question a day, and an honest look at where you stand.
start-first = Three taps and you have a plan. First: which roadmap?
start-size = { $count } steps, about { $hours } h
start-again = **{ $name }, here is where you stand.**
start-time = At which time shall I ask you every day whether you studied?
start-intention = A plan with a cue holds better: “When I have had dinner, I study at my desk.” What is your line? Your daily check-in will quote it.
refuse-start-none = There is no roadmap to choose at the moment. The one who runs this bot knows why: `roadmate roadmaps check` tells.
intention-noted = Noted: { $line }
    Your daily check-in will quote it.
intention-none = No line, then. /settings has it whenever you want one.
change-intention = your if-then line

# Settings
settings-title = **Your settings**
settings-name = Name
settings-language = Language
settings-zone = Time zone
settings-zone-value = { $zone }, { $time } now
settings-zone-unsure = { $zone }, { $time } now (not confirmed)
settings-roadmap = Roadmap
settings-plan = { $pace } a day until { $deadline }
settings-pace = { $pace } a day
settings-reminder = { $days } at { $time }, { $where ->
    [group] in the group
   *[dm] in private
}
settings-reminder-undated = at { $time }, in private
settings-also = Also, in private
settings-quiet = Quiet hours
settings-daystart = Your day begins
settings-daystart-value = at { $time }
settings-daystart-midnight = at midnight
settings-rests = Days off
settings-plans = Change a plan
settings-line = If-then line
settings-groups = Main group
settings-groups-value = { $main }; also in { $others }
settings-accounts = Accounts
settings-none = none
settings-off = off
settings-main = Main group
settings-hours = Hours: { $title }
settings-deadline = Deadline: { $title }
settings-link = Link an account
settings-data = What I keep
change-name = your name
change-language = the language { $language }
change-main = your main group
name-set = I call you { $name } from now on.
language-set = I speak { $language } with you from now on.
main-set = **{ $name }** is your main group.
refuse-main-none = You are in no group. You join one by the first command you type there.
platform-discord = Discord
platform-telegram = Telegram
platform-console = Terminal

# Linking accounts
link-title = **Your code**
link-enter = Write this to me in your other account, in private:
link-line = `/link { $code }`
link-warning = It works once, until { $time }. Give it to nobody: whoever enters it becomes you here.
link-preview = **Make these two one?**
link-here = This account
link-there = The account that showed the code
link-brings = { $roadmaps ->
    [0] no roadmap
    [one] 1 roadmap
   *[other] { $roadmaps } roadmaps
}, { $days ->
    [0] no check-ins
    [one] 1 day of check-ins
   *[other] { $days } days of check-ins
}
link-groups = in { $names }
link-shared = **{ $title }** is on both: one plan, the steps of both.
link-shared-deadline = **{ $title }** is on both: one plan, the steps of both, the deadline { $deadline }.
link-checkins = Check-ins of the same day add up. You are in the groups of both.
link-reminders = Where both have a reminder, the one of the account that showed the code stays.
link-final = This cannot be taken back.
linked = ✅ Linked. You are one member: { $accounts }.
change-linked = linking your accounts
refuse-link-self = That code is from this very account, or one that is linked to it already. Enter it in the other one.
refuse-link-public = Others here could read that code, so it works no longer. Write /link in your other account for a new one, and enter it in a private chat with me.
refuse-link-wrong = That code is wrong, used up or older than ten minutes. /link in your other account shows a new one.
refuse-link-locked = Five wrong codes: that is enough for now. Try again at { $time }.

# What is kept
privacy-title = **What I keep about you**
privacy-what = **What:** your name, account number and private chat's number on each platform; your zone, roadmaps, deadlines and reminders; your quiet hours, pauses and days off; the steps you mark done, with the links, notes and references to files you give; your check-ins; which messages I sent you. No other message of yours is kept.
privacy-why = **Why:** only for what you see here: your plan, your check-ins, your group's board and recap. Nothing is sold, and there is no advertising.
privacy-who = **Who sees it:** you; those you share a group with see what you finished, the links and files that show it and how much you studied, never whether you are behind. Whoever runs this bot keeps the database.
privacy-long = **How long:** until you delete it here. What I posted in a chat stays there.
button-my-data = My data
button-forget = Delete everything
button-forget-yes = Yes, delete it all
data-title = **What is kept about you**
data-open = Show all of one kind
data-page = **{ $kind }** · page { $page } of { $pages }
button-data-file = As a file
data-file = **{ $name }**
data-file-what = Everything that is kept about you, by kind, the newest first; moments are in UTC.
data-file-refused = The file could not be sent here. /mydata shows the same, page by page.
refuse-data-large = There is too much for one file here: over 10 MB. *My data* shows it page by page.
forget-title = **Delete everything about you?**
forget-what = Your plans, steps, check-ins, reminders and linked accounts are removed for good, on every platform. It cannot be taken back.
forgotten = Everything about you is deleted. If you write to me again, you begin anew.
option-yes = Yes
option-file = All of it, as a file
option-members = You
option-accounts = Accounts
option-memberships = Groups
option-enrolments = Plans
option-changes = Changes
option-step_events = Steps
option-checkins = Check-ins
option-totals = Sums of these
option-streaks = Streak
option-group_totals = Sums on your groups' boards
option-group_streaks = Streak on your groups' boards
option-reminders = Reminders
option-rests = Days off
option-deliveries = Messages to you
option-codes = Codes shown
option-attempts = Wrong codes
option-questions = Open questions
option-drafts = Commands begun

# Buttons
button-help = What can you do?
button-settings = Settings
button-checkin = Check in
button-other-time = Another time
button-group-asks = The group's post is enough
button-no-reminder = Do not ask me
button-write-line = Write it
button-not-now = Not now
button-link = Link them
button-keep = Keep it
button-newer = Newer
button-older = Older
button-try = Try /{ $command }
