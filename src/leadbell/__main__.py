from leadbell.cli import main

main()
