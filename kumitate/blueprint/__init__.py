"""What a project needs in an AWS account, as values: names, tables, jobs, accounts; stacks and plans read it."""
