"""Emails by GOV.UK Notify: each reference is accepted once, though any answer may be lost.

The way up: `place` says where Notify is and who we are, `line` is one request and its answer,
`answers` what we read of answers, `postbox` sends, `checking` is what `cpli check` asks. `faults`
is the only one that knows what the errors of Notify's client mean.
"""
