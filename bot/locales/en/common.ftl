# Dates and lengths of time
date = { $weekday } { $day } { $month }{ $year ->
    [no] {""}
   *[other] {" "}{ $year }
}
stretch = { $first } – { $last }
clauses = { $before }; { $clause }
beside = { $before } · { $item }
signal-high = H
signal-medium = M
signal-low = L
days-all = every day
days-week = { $first }–{ $last }
days-weekend = { $first } and { $last }
pace-hours = { $hours } h
pace-both = { $hours } h { $minutes }
pace-minutes = { $minutes } min

# Buttons
button-start = Start
button-undo = Undo
button-next = What is next
button-done = Done
button-skip = Leave it out
button-how-to = How to learn it
button-sources = What it rests on
button-join = Join
button-join-group = Join { $title }
button-choose-roadmap = Choose a roadmap
button-show-plan = Show plan
button-change-hours = Change hours
button-change-deadline = Change deadline
button-move-deadline = Move to { $deadline }
button-raise-hours = { $pace } a day
button-studied = Studied
button-not-today = Not today
button-later = Later
button-dsa-studied = Practised
button-dsa-not-today = No practice
button-dsa-later = Practice later
button-minutes-note = Other, with a note
button-yes = Yes
button-no-zone = No, choose my zone
button-pause = Pause
button-end-pause = End the pause
button-pause-until = Pause until { $date }
button-turn-off = Turn off
button-turn-on = Turn on at { $time }
button-in-private = { $time }, in private
button-other-days = Other days
button-start-small = Start small
button-no-more = No more of these

# Questions
choose = Choose
other = Other…
ask-roadmap = Which roadmap?
ask-deadline-of = **{ $title }**: by when do you want to be done?
ask-step = Which step did you finish?
ask-step-of = Which step of **{ $title }** did you finish?
ask-skip-step = Which step do you leave out?
ask-skip-step-of = Which step of **{ $title }** do you leave out?
ask-checkin = { $day }: how long did you study?
ask-minutes = How long did you study?
ask-until = When shall I ask again?
ask-remind-time = At which time?
ask-quiet-from = Between which hours shall I write nothing to you?
ask-quiet-now = Quiet from { $start } to { $end }. Between which hours shall it be?
ask-quiet-to = Quiet until when?
ask-quiet-end = Quiet from { $start } until when?
ask-pause-until = Until when shall I ask nothing? What you do counts all the while.
ask-pause-now = { $paused } Until when shall it be?
ask-rest-from = Which days do you take off?
ask-rest-to = Which is the last day off?
ask-daystart-time = When does a new day begin for you? Until then, what you do counts for the evening before.
ask-daystart-now = When does a new day begin for you? Until then, what you do counts for the evening before. Now: { $time }.
ask-zone-now = It is { $time } for you by my clock ({ $zone }). Where are you?
ask-zone = Where are you? Your city, or its time zone
ask-zone-right = Is it { $time } for you?
ask-deadline = By when do you want to be done?
ask-hours = How many hours a day?
ask-note = A word about it?
ask-reason = Why do you leave it out?
hint-join-deadline = 20 May 2027, or in 5 months
hint-join-hours = 2, or 1h30
hint-checkin-minutes = 90, or 1h30
hint-checkin-note = What you did, in a line
hint-remind-time = 20:00
hint-quiet-from = 22:00-07:00
hint-quiet-to = 07:00
hint-pause-until = 1w, or 1 December
hint-rest-from = 24 Dec, 24-27 Dec, or 3 days
hint-rest-to = 27 Dec
hint-daystart-time = 04:00
hint-timezone-zone = Kolkata, Europe/Berlin …

# Options
option-study = Study
option-dsa = DSA practice
option-dm = Private message
option-group = In the group
option-off = Off
option-on = On again
option-1h = In an hour
option-evening = This evening
option-tomorrow = Tomorrow
option-3d = Three days
option-1w = A week
option-2w = Two weeks
option-back = Until I come back
hours-a-day = { $hours } h a day

# When something went wrong
apology = That did not work, and it is our fault, not yours. Nothing was changed. If it happens again, tell your group's leader this reference: `{ $reference }`.
unavailable = I can't save anything right now, so that did not count. Nothing was changed; please try again in a few minutes.
apology-unsure = That did not work as it should, and it is our fault, not yours. What has counted is in `/progress`. Reference, for your group's leader: `{ $reference }`.
unbuilt = What belongs here, a picture or a file, could not be made, and it is our fault, not yours. All else counts. Reference, for your group's leader: `{ $reference }`.
already-counted = That was counted already: { $change }.
free-text = I understand commands, such as `done http-rest`, and answers, such as `1h30 indexes`. All commands: `/help`
file-with-caption = A file shows a step when its caption says which: `/done http-rest`
file-with-message = A file shows a step when its message says which: `done http-rest`
answer-in-private = The answer is for you alone.
button-open-privately = Open privately
nobody-speaks = You post as a group or channel, so I cannot tell who you are. Post as yourself (tap the picture beside the input field) and send it again.
