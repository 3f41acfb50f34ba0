# That a group's posts do not get through, for who set it up
lost-post-trouble = word to who set me up
trouble = My posts do not get through in **{ $group }**.
trouble-how = If I lack a permission there, give it to me; if I was removed, invite me again. Then type /setup in that chat, and I go on.
