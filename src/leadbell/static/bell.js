// bell
