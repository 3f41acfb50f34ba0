# The evening's word that a streak ends with an unanswered day
settings-reminder-risk = Streak at risk
button-offer-risk = Warn me when my streak is at risk
remind-what-risk = When a streak of { $count } days or more would end that day and you have not answered, I remind you in the evening.
remind-set-risk = When a streak of { $count } days or more would end that day and you have not answered, I remind you{ $on } at { $time } ({ $zone })
remind-off-risk = warn you when your streak is at risk
change-remind-risk = the warning of a streak at risk, at { $time }
change-remind-off-risk = turning off the warning of a streak at risk
refuse-remind-private-risk = a streak at risk
risk = { $day } is still open, and so is your streak of { $count } 🔥
    Twenty minutes keep it. If today is for something else, that is fine too.
