# News for a group: somebody finished a step
lost-post-done = news
news-done = **{ $name }** finished __{ $title }__.
news-done-proof = **{ $name }** finished __{ $title }__ · { $proof }
news-done-file = **{ $name }** finished __{ $title }__ · proof: { $file }
news-done-both = **{ $name }** finished __{ $title }__ · { $proof } · { $file }
news-proof = proof
news-file-elsewhere = { $file }, on { $platform }
news-taken-back = { $name } took back __{ $title }__.
