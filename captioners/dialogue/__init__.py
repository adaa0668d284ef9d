"""What a captioner with a model is asked, what it answers, and which question comes next."""
