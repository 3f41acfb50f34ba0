# The daily question whether its member practised DSA
settings-reminder-dsa = DSA check-in
asked-about-dsa = DSA practice
button-ask-again-dsa = Ask about DSA again at { $time }
remind-what-dsa = I ask every day whether you practised DSA.
remind-set-dsa = I ask about DSA practice { $days } at { $time } ({ $zone })
remind-off-dsa = ask about DSA practice
change-remind-dsa = the reminder of your DSA practice, { $days } at { $time }
change-remind-off-dsa = turning off the reminder of your DSA practice
checkin-question-dsa = Did you practise DSA { $day ->
    [today] today
   *[other] on { $day }
}?
checkin-day-dsa = { $day }, DSA practice
