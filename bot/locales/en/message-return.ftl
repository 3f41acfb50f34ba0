# One word after a week of silence
settings-reminder-return = After a silence
remind-what-return = When I have not heard from you for { $count } days, I write once.
remind-set-return = When I have not heard from you for { $count } days, I write once, at { $time } ({ $zone })
remind-off-return = write after a silence
remind-also-return = write once when you have been silent for { $count } days
change-remind-return = the message after a silence, at { $time }
change-remind-off-return = turning off the message after a silence
refuse-remind-private-return = a word after a silence
refuse-remind-days-return = That comes once, after { $count } days of silence, whichever days they are.
welcome = **Hello, { $name }.**
welcome-plan = **{ $title }** is where you left it; nothing of what you did is lost.
welcome-no-plan = What you did here is kept.
welcome-small = Ten minutes today are a real start. If now is not the time, a pause is one tap.
