# The daily question whether its member studied
settings-reminder-study = Daily check-in
asked-about-study = your study
button-ask-again-study = Ask me again at { $time }
remind-what-study = I ask every day whether you studied.
remind-set-study = I ask about your study { $days } at { $time } ({ $zone })
remind-off-study = ask about your study
change-remind-study = the reminder of your study, { $days } at { $time }
change-remind-off-study = turning off the reminder of your study
checkin-question-study = Did you study { $day ->
    [today] today
   *[other] on { $day }
}?
checkin-intention = Your line: { $line }
